"""The queue, in memory, so that waiting for AWS is no part of what is measured."""

import threading
import time
from dataclasses import dataclass, field


@dataclass
class Message:
    """A message of the queue in memory."""

    body: str
    hidden_until: float = 0.0
    done: bool = False

    def hide(self, seconds: float) -> None:
        self.hidden_until = time.monotonic() + seconds

    def delete(self) -> None:
        self.done = True


@dataclass
class MemoryQueue:
    """Messages in a row; one that is taken is hidden for as long as it is asked."""

    messages: list[Message]
    lock: threading.Lock = field(default_factory=threading.Lock)

    def pull(self, *, wait_sec: int, hide_sec: float) -> Message | None:
        until = time.monotonic() + wait_sec
        while time.monotonic() < until:
            with self.lock:
                for each in self.messages:
                    if not each.done and time.monotonic() >= each.hidden_until:
                        each.hide(hide_sec)
                        return each
            time.sleep(0.02)
        return None
