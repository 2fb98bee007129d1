"""InspectClip: read the delivered file as a viewer would, and judge it."""

import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.batch import Check, ClipStatus
from shared.clip import CameraStrategy, ClipPlan, Document, ObjectRef, Stabilise
from shared.frames import frame_rate
from shared.keys import ArtefactKeys
from shared.motion.path import CameraPath
from shared.motion.views import seen_part, within_part
from shared.pipeline.services import ClipItem, Services
from shared.pipeline.stage import ClipStage
from shared.safety.check import Expectation
from shared.safety.curves import curves_of
from shared.safety.inspector import inspect_clip as inspect_file
from shared.safety.reference import Reference
from shared.safety.report import CheckResult, Curve, InspectionReport, Verdict
from shared.safety.review_sheet import review_sheet


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
            expected = replace(expectation(plan, finished), reference=_reference(services, plan))
            heatmap = Path(scratch) / "heatmap.png"
            measured: list[Curve] = []
            report = inspect_file(path, expected, heatmap=heatmap, curves=measured)
            report = report.joined(sound_checks(finished))
            if heatmap.is_file():
                _keep_heatmap(services, artefacts, heatmap.read_bytes())
            if report.verdict.severity >= Verdict.FAIL.severity:
                _keep_sheet(services, artefacts, review_sheet(path, report))
        _keep(services, artefacts.curves, curves_of(measured, report, float(expected.duration)))
        _keep(services, artefacts.inspection, report)
        stage.warn(check.message for check in report.checks if check.verdict == "warn")
        stage.record(
            checks=tuple(_shown(check) for check in report.checks if not check.passed),
            setback=_setback(report),
        )
        return _word(services, item, report.verdict)


APPROVED = "approved"


def _word(services: Services, item: ClipItem, verdict: Verdict) -> str:
    """The verdict, unless a person has looked at this very clip and said yes."""
    if verdict is not Verdict.FAIL:
        return str(verdict)
    review = services.rows.review(item.run.project_id, item.clip_key)
    return APPROVED if review is not None and review.approved else str(verdict)


def _setback(report: InspectionReport) -> str:
    """Why the clip is made again, if it is; the first failure is enough of a reason."""
    failed = [c for c in report.checks if c.verdict.severity >= Verdict.FAIL.severity]
    return f"inspection found {failed[0].name}: {failed[0].message}" if failed else ""


def _shown(check: CheckResult) -> Check:
    """A check as a clip's row keeps it."""
    kept = set(Check.model_fields)
    return Check.model_validate(check.model_dump(mode="json", include=kept))


def _keep(services: Services, key: str, document: Document) -> None:
    services.objects.write(
        services.work_bucket,
        key,
        document.model_dump_json().encode(),
        content_type="application/json",
    )


def _keep_heatmap(services: Services, artefacts: ArtefactKeys, picture: bytes) -> None:
    services.objects.write(
        services.work_bucket, artefacts.heatmap, picture, content_type="image/png"
    )


def _keep_sheet(services: Services, artefacts: ArtefactKeys, sheet: bytes) -> None:
    if sheet:
        services.objects.write(
            services.work_bucket, artefacts.review_sheet, sheet, content_type="image/jpeg"
        )


def expectation(plan: ClipPlan, finished: dict[str, Any]) -> Expectation:
    """What the plan promises of the file, and what FinishClip said when it wrote it."""
    return Expectation(
        width=plan.width,
        height=plan.height,
        rate=frame_rate(plan.fps),
        frame_count=plan.frame_count,
        sha256=finished["files"]["master"]["sha256"],
        audio=finished["video"].get("has_sound", False),
        # A model is asked for motion even where the camera stands.
        moving=plan.camera_strategy is not CameraStrategy.RENDERED
        or plan.motion.start_rect != plan.motion.end_rect,
    )


def sound_checks(finished: dict[str, Any]) -> tuple[CheckResult, ...]:
    """What FinishClip measured of the sound, which OpenCV cannot read."""
    return tuple(map(CheckResult.model_validate, finished.get("sound_checks", ())))


def _reference(services: Services, plan: ClipPlan) -> Reference | None:
    """What the clip should show; None for a clip that has no keyframe, or an older one's."""
    if plan.keyframe_size is None:
        return None
    try:
        png = _read(services, ArtefactKeys(plan.clip_key).reference)
    except FileNotFoundError:
        return None
    return reference_of(
        plan,
        plan.keyframe_size,
        np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), 1), np.uint8),
    )


def reference_of(
    plan: ClipPlan, keyframe_size: tuple[int, int], picture: NDArray[np.uint8]
) -> Reference:
    """The picture with the view of every frame on it, or of the first where a model moves it."""
    path = CameraPath(plan.motion.start_rect, plan.motion.end_rect, plan.motion.easing)
    part = seen_part(path, keyframe_size)
    size = picture.shape[1], picture.shape[0]
    # `deshake` moves frames by what it finds in them.
    rendered = plan.camera_strategy is CameraStrategy.RENDERED
    ours = rendered and plan.finish.stabilise is Stabilise.NONE
    rects = path.rects(plan.frame_count) if ours else [path.start]
    return Reference(
        picture,
        [within_part(rect, part, keyframe_size, size) for rect in rects],
        every_frame=ours,
    )


def _read(services: Services, key: str) -> bytes:
    return services.objects.read(ObjectRef(bucket=services.work_bucket, key=key))
