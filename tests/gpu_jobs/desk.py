"""A job on our own GPUs and everything around it, in memory."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cli.memory import MemoryObjects
from shared.clip import ObjectRef, Operation
from shared.gpu_jobs.document import Callback
from shared.gpu_jobs.paper import Paper
from shared.gpu_jobs.record import GpuRecord
from shared.jobs.job import Job, new_deadlines
from shared.jobs.outcome import JobState
from shared.jobs.request import Delivery, MediaInput, VideoRequest
from shared.ports import Conflict

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
WORK = "work"
SVD, WAN, TI2V = "stable-video-diffusion-xt-1.1", "wan2.2-i2v-a14b", "wan2.2-ti2v-5b"


def gpu_job(model: str = SVD, engine: str = "worker", **request: Any) -> Job:
    """A job as RouteClip opens it."""
    image = MediaInput(name="keyframe.png", content_type="image/png", size_bytes=3, sha256="")
    asked = {
        "operation": Operation.IMAGE_TO_VIDEO,
        "model": model,
        "image": image,
        "duration_sec": 4.0,
        "delivery": Delivery(width=854, height=480, fps="30", duration_sec=4.0),
        **request,
    }
    return Job(
        job_id="a" * 32,
        project_id="film",
        batch_id="day-1",
        run_id="run",
        stem="a",
        clip_key="c" * 40,
        candidate=f"{model}@{engine}",
        provider=engine,
        state=JobState.RUNNING,
        request=VideoRequest(**asked),
        inputs={"image": ObjectRef(bucket=WORK, key="jobs/a/keyframe.png", size=3)},
        **new_deadlines(NOW, timedelta(hours=3), timedelta(hours=6)),
    )


@dataclass
class Records:
    """`Records` in memory."""

    rows: dict[str, GpuRecord] = field(default_factory=dict)

    def record(self, job_id: str) -> GpuRecord | None:
        return self.rows.get(job_id)

    def save_record(self, record: GpuRecord) -> GpuRecord:
        there = self.rows.get(record.job_id)
        if (there.version if there else 0) != record.version:
            raise Conflict("somebody else wrote the row")
        saved = record.model_copy(update={"version": record.version + 1})
        self.rows[record.job_id] = saved
        return saved


def paper(callback: Callback | None = None, gpus: tuple[str, ...] | None = None) -> Paper:
    return Paper(
        work_bucket=WORK,
        presign_get=lambda ref: f"https://s3/{ref.bucket}/{ref.key}?get",
        presign_put=lambda bucket, key, _type: f"https://s3/{bucket}/{key}?put",
        callback=lambda _: callback,
        gpus=gpus,
    )


__all__ = ["NOW", "SVD", "TI2V", "WAN", "WORK", "MemoryObjects", "Records", "gpu_job", "paper"]
