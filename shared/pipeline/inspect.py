"""InspectClip: read the delivered file as a viewer would, and judge it."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from shared.batch import ClipStatus
from shared.clip import ClipPlan, ObjectRef
from shared.frames import frame_rate
from shared.keys import ArtefactKeys
from shared.pipeline.services import ClipItem, Services
from shared.pipeline.stage import ClipStage
from shared.safety.check import Expectation
from shared.safety.inspector import inspect_clip as inspect_file


def inspect_clip(services: Services, item: ClipItem) -> str:
    """Inspect the master; the report lies beside it, the verdict is the answer."""
    artefacts = ArtefactKeys(item.clip_key)
    with ClipStage(services, item, "inspect_clip", ClipStatus.INSPECTING) as stage:
        plan = ClipPlan.model_validate_json(_read(services, item.run.work.plan(item.index)))
        finished = json.loads(_read(services, artefacts.finished))
        with TemporaryDirectory() as scratch:
            path = Path(scratch) / "master.mp4"
            master = ObjectRef(bucket=services.work_bucket, key=artefacts.master)
            services.objects.download(master, path)
            report = inspect_file(path, expectation(plan, finished))
        services.objects.write(
            services.work_bucket,
            artefacts.inspection,
            report.model_dump_json().encode(),
            content_type="application/json",
        )
        stage.warn(check.message for check in report.checks if check.verdict == "warn")
    return str(report.verdict)


def expectation(plan: ClipPlan, finished: dict[str, Any]) -> Expectation:
    """What the plan promises of the file, and what FinishClip said when it wrote it."""
    return Expectation(
        width=plan.width,
        height=plan.height,
        rate=frame_rate(plan.fps),
        frame_count=plan.frame_count,
        sha256=finished["files"]["master"]["sha256"],
        audio=finished["video"].get("has_sound", False),
        moving=plan.motion.start_rect != plan.motion.end_rect,
    )


def _read(services: Services, key: str) -> bytes:
    return services.objects.read(ObjectRef(bucket=services.work_bucket, key=key))
