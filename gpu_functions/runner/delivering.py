"""The second half: from frames to a result in the bucket. It interpolates where a second GPU is."""

import hashlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from gpu_functions.generators.contract import FramesUnusable
from gpu_functions.interpolation.tools import NETS
from gpu_functions.runner.encode import encode_intermediate
from gpu_functions.runner.files import Files
from gpu_functions.runner.lease import Watch
from gpu_functions.runner.making import GENERATED_PERCENT, Take
from gpu_functions.runner.notes import Notes
from shared.gpu_jobs.document import GpuJob, Target
from shared.gpu_jobs.messages import Stage
from shared.gpu_jobs.report import Made

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Frames = NDArray[np.uint8]

ENCODING_PERCENT, UPLOADING_PERCENT = 88, 94

Interpolate = Callable[["Frames", Fraction, Target], "tuple[Frames, str]"]
"""Frames at their native rate → exactly the target's frames, and the method that was used."""


def deliver(
    job: GpuJob,
    take: Take,
    files: Files,
    watch: Watch,
    interpolate: Interpolate,
    notes: Notes,
    scratch: Path | None = None,
) -> Made:
    """Interpolate, encode and upload.

    Raises
    ------
    Stopped, FilesSilent, EncodeFailed, FramesUnusable
    """
    watch.at(Stage.INTERPOLATING, GENERATED_PERCENT)
    with notes.timed(Stage.INTERPOLATING) as piece:
        used = take.made.frames[: take.used_frames]
        frames, notes.interpolation = interpolate(used, take.made.fps, job.target)
        piece.on_gpu = notes.interpolation in NETS
    if len(frames) != job.target.frame_count:
        raise FramesUnusable(
            f"{notes.interpolation} gave {len(frames)} frames instead of {job.target.frame_count}"
        )
    with TemporaryDirectory(dir=scratch, prefix="dropreel-") as folder:
        path = Path(folder) / "result.mp4"
        watch.at(Stage.ENCODING, ENCODING_PERCENT)
        with notes.timed(Stage.ENCODING):
            encode_intermediate(frames, job.target.rate, path, take.made.heard)
        watch.at(Stage.UPLOADING, UPLOADING_PERCENT)
        with notes.timed(Stage.UPLOADING):
            files.write_result(path)
        return _made(path, frames, job.target)


def _made(path: Path, frames: "Frames", target: Target) -> Made:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    count, height, width, _ = frames.shape
    return Made(
        size_bytes=path.stat().st_size,
        sha256=digest,
        width=width,
        height=height,
        fps=target.fps,
        frame_count=count,
    )
