"""An encoder on a thread of its own, fed through a short queue.

PyAV lets go of the interpreter while it encodes, so master and proxy share the cores without
processes, and the short queue keeps a fast renderer from filling the memory.
"""

import queue
import threading
import time
from collections.abc import Callable

import av

from shared.errors import EncodeFailed
from shared.video.encode import FileEncoder

QUEUE_DEPTH = 8
"""Frames waiting for one encoder; 8 of 1080p are 25 MB."""

_POLL_SEC = 0.1


class EncoderThread:
    """Hands frames to a `FileEncoder` in the background.

    Parameters
    ----------
    encoder : where the frames go.
    prepare : done to each frame on the thread, before it is encoded.
    """

    def __init__(
        self,
        encoder: FileEncoder,
        prepare: Callable[[av.VideoFrame], av.VideoFrame] = lambda frame: frame,
    ) -> None:
        self.encoder = encoder
        self.busy_sec = 0.0
        self._prepare = prepare
        self._error: Exception | None = None
        self._abandoned = threading.Event()
        self._queue: queue.Queue[av.VideoFrame | None] = queue.Queue(QUEUE_DEPTH)
        self._thread = threading.Thread(target=self._run, name=encoder.settings.codec, daemon=True)
        self._thread.start()

    def put(self, frame: av.VideoFrame) -> None:
        """Queue a frame; waits while the queue is full.

        Raises
        ------
        EncodeFailed
            When the encoder failed, on this frame or an earlier one.
        """
        self._offer(frame)

    def finish(self) -> None:
        """Wait until every frame is written and the file is closed."""
        self._offer(None)
        self._thread.join()
        self._raise_error()

    def abandon(self) -> None:
        """Stop at once, whatever still waits; does nothing after `finish`."""
        self._abandoned.set()
        self._thread.join()

    def _offer(self, frame: av.VideoFrame | None) -> None:
        while True:
            self._raise_error()
            try:
                return self._queue.put(frame, timeout=_POLL_SEC)
            except queue.Full:
                continue

    def _raise_error(self) -> None:
        if isinstance(self._error, EncodeFailed):
            raise self._error
        if self._error is not None:
            raise EncodeFailed(
                f"{self.encoder.settings.codec} stopped: {self._error}"
            ) from self._error

    def _run(self) -> None:
        try:
            while (frame := self._next()) is not None:
                started = time.perf_counter()
                self.encoder.encode(self._prepare(frame))
                self.busy_sec += time.perf_counter() - started
            if self._abandoned.is_set():
                return self.encoder.abandon()
            started = time.perf_counter()
            self.encoder.finish()
            self.busy_sec += time.perf_counter() - started
        except Exception as error:  # raised again on the caller's thread
            self._error = error
            self.encoder.abandon()

    def _next(self) -> av.VideoFrame | None:
        while not self._abandoned.is_set():
            try:
                return self._queue.get(timeout=_POLL_SEC)
            except queue.Empty:
                continue
        return None
