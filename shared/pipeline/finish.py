"""FinishClip: from frames to master, proxy and poster in one pass.

The frames come from the camera, which draws each at its own moment, or from a model's file, which
is brought to the delivered size and rate.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from av import VideoFrame
from pydantic import ValidationError

from shared.batch import ClipStatus
from shared.clip import ClipPlan, Interpolation, ObjectRef
from shared.errors import InternalFault
from shared.frames import frame_rate
from shared.gpu_jobs.report import Report
from shared.jobs.ports import JobStore
from shared.keys import ArtefactKeys, job_report_key, job_result_key, made_key
from shared.motion.path import CameraPath
from shared.motion.views import within_view
from shared.pipeline.history import NOTHING_TRIED, read_history
from shared.pipeline.materials import read_keyframe
from shared.pipeline.plan import ClipOrder
from shared.pipeline.services import ClipItem, Services
from shared.pipeline.stage import ClipStage
from shared.video.camera import prepare_still, render_frames
from shared.video.decode import decode_frames, read_made, shown_part
from shared.video.finish import finish_clip as encode_clip
from shared.video.finish_spec import FinishedFile, FinishResult, FinishSpec
from shared.video.loudness import sound_checks
from shared.video.sound_track import has_sound
from shared.video.virtual_camera import follow_path


@dataclass(frozen=True)
class Source:
    """Frames, from the start each time it is called, their rate, and a file with their sound."""

    frames: Callable[[], Iterable[VideoFrame]]
    rate: Fraction
    interpolation: Interpolation
    sound: Path | None = None
    note: str = ""


def finish_clip(services: Services, jobs: JobStore, item: ClipItem) -> None:
    """Make the clip's files, unless the same content was made before.

    The files lie under the clip's content key; `finished.json` is written last, so its presence
    means that the others are whole. A retry, or another batch with the same clip, finds it. A clip
    that a model made comes here right from its job, so what it cost is noted here.

    Raises
    ------
    BatchCancelled : CANCEL was dropped; says what was paid already.
    """
    artefacts = ArtefactKeys(item.clip_key)
    history = read_history(services, jobs, item) if item.job_id else NOTHING_TRIED
    with (
        history.explaining_cancel(),
        ClipStage(services, item, "finish_clip", ClipStatus.FINISHING) as stage,
    ):
        if item.job_id:
            stage.pays(history.paid)
        document = _made_before(services, artefacts)
        if document is not None:
            by_us = document["made_by"] == [item.run.run_id, item.stem]  # and this is a retry
            stage.record(reused=not by_us)
            stage.warn(document["warnings"])
            return
        plan = ClipPlan.model_validate_json(_read(services, item.run.work.plan(item.index)))
        order = ClipOrder.model_validate_json(_read(services, item.run.work.request(item.index)))
        with TemporaryDirectory() as scratch:
            source = _source(services, item, plan, order, Path(scratch))
            result = _make(services, plan, order, source, Path(scratch))
            for key, made, type_ in (
                (artefacts.master, result.master, "video/mp4"),
                (artefacts.proxy, result.proxy, "video/mp4"),
                (artefacts.poster, result.poster, "image/jpeg"),
            ):
                services.objects.upload(services.work_bucket, key, made.path, content_type=type_)
            document = finished_document(item, plan, result, source, generation(services, item))
            document["sound_checks"] = _sound_checks(result)
        services.objects.write(
            services.work_bucket,
            artefacts.finished,
            json.dumps(document).encode(),
            content_type="application/json",
        )
        _note_made(services, order, plan)
        stage.warn(document["warnings"])


def _note_made(services: Services, order: ClipOrder, plan: ClipPlan) -> None:
    """So that dropping the same order again asks nobody for its money."""
    services.objects.write(
        services.work_bucket,
        made_key(order.order_key),
        json.dumps({"clip_key": plan.clip_key, "model": plan.model}).encode(),
        content_type="application/json",
    )


def _made_before(services: Services, artefacts: ArtefactKeys) -> dict[str, Any] | None:
    """What `finished.json` says, if all that it speaks of is still there: work files expire."""
    files = (artefacts.finished, artefacts.master, artefacts.proxy, artefacts.poster)
    if not all(services.objects.head(services.work_bucket, key) for key in files):
        return None
    document: dict[str, Any] = json.loads(_read(services, artefacts.finished))
    return document


def _source(
    services: Services, item: ClipItem, plan: ClipPlan, order: ClipOrder, scratch: Path
) -> Source:
    if item.job_id:
        return _generated(services, item, plan, order, scratch)
    if order.keyframe is None:
        raise InternalFault(f"the camera has no keyframe to show for clip {item.stem}")
    keyframe = read_keyframe(services, order.keyframe)
    path = CameraPath(plan.motion.start_rect, plan.motion.end_rect, plan.motion.easing)
    width, height = keyframe.size
    boxes = [
        (x1 * width, y1 * height, x2 * width, y2 * height)
        for x1, y1, x2, y2 in path.rects(plan.frame_count)
    ]
    size = (plan.width, plan.height)
    still = prepare_still(keyframe.rgb, boxes, size)
    frames = partial(render_frames, still, boxes, size)
    return Source(frames, frame_rate(plan.fps), Interpolation.NONE)


def _generated(
    services: Services, item: ClipItem, plan: ClipPlan, order: ClipOrder, scratch: Path
) -> Source:
    """A model's file; interpolated to the delivered rate where its own is another (B057)."""
    path = scratch / "generated.mp4"
    ref = ObjectRef(bucket=services.work_bucket, key=job_result_key(item.job_id))
    services.objects.download(ref, path)
    rate, made = read_made(path)
    same = rate == frame_rate(plan.fps)
    sound, note = _sound(services, plan, order, path) if plan.keeps_sound else (None, "")
    notes = (note, _cut_off(plan, made))
    return Source(
        _followed(plan, path, rate)
        if plan.camera_view
        else partial(decode_frames, path, size=(plan.width, plan.height)),
        rate,
        Interpolation.NONE if same else Interpolation.MINTERPOLATE,
        sound,
        " ".join(filter(None, notes)),
    )


def _cut_off(plan: ClipPlan, made: tuple[int, int]) -> str:
    """What is said of a clip that came in another shape; empty where it did not."""
    part = shown_part(made, (plan.width, plan.height))
    shown = part.width * part.height / (made[0] * made[1])
    if shown == 1:
        return ""
    shape = "{}×{}".format(*made)
    return (
        f"{plan.model} made {shape}, another shape than the clip's {plan.width}×{plan.height}: "
        f"its middle is shown, {shown:.0%} of the picture."
    )


def _followed(plan: ClipPlan, made: Path, rate: Fraction) -> Callable[[], Iterable[VideoFrame]]:
    """The model's frames under a virtual camera, each at its own moment of the path (X-05)."""
    path = CameraPath(plan.motion.start_rect, plan.motion.end_rect, plan.motion.easing)
    view = plan.camera_view or path.start
    share = frame_rate(plan.fps) / rate / max(1, plan.frame_count - 1)
    return partial(
        follow_path,
        made,
        lambda index: within_view(path.rect_at(float(index * share)), view),
        (plan.width, plan.height),
    )


def _sound(
    services: Services, plan: ClipPlan, order: ClipOrder, made: Path
) -> tuple[Path | None, str]:
    """The file whose sound is delivered: the model's; where it is silent, the creator's own."""
    if has_sound(made):
        return made, ""
    given = order.inputs.get("audio")
    if given is None:
        return None, f"{plan.model} was expected to make sound, and its file came without."
    path = made.with_name("given-sound")
    services.objects.download(given, path)
    return path, f"{plan.model}'s file came without sound; {given.name} lies under it as it is."


def _make(
    services: Services, plan: ClipPlan, order: ClipOrder, source: Source, scratch: Path
) -> FinishResult:
    spec = FinishSpec(
        width=plan.width,
        height=plan.height,
        rate=frame_rate(plan.fps),
        frame_count=plan.frame_count,
        source_rate=source.rate,
        interpolation=source.interpolation,
        stabilise=plan.finish.stabilise,
        codec=plan.finish.codec,
        comment=plan.model_dump_json(include={"clip_key", "model", "model_revision", "motion"}),
        title=plan.stem,
        sound=source.sound,
    )
    lut = services.objects.read(order.lut) if order.lut else None
    return encode_clip(source.frames, spec=spec, out_dir=scratch, lut=lut)


def _sound_checks(result: FinishResult) -> list[dict[str, Any]]:
    """What is to be heard, for the inspection report; InspectClip cannot listen."""
    return [check.model_dump(mode="json") for check in sound_checks(result.master.path)]


def generation(services: Services, item: ClipItem) -> dict[str, Any] | None:
    """What a GPU of ours reported of the job, for the clip's metadata; None of anybody else's."""
    if not item.job_id:
        return None
    try:
        report = Report.model_validate_json(_read(services, job_report_key(item.job_id)))
    except (FileNotFoundError, ValidationError):
        return None
    return report.facts()


def finished_document(
    item: ClipItem,
    plan: ClipPlan,
    result: FinishResult,
    source: Source,
    made: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """What was made, for the stages after this one and for the clip's metadata.

    Another clip with the same content uses it too, so nothing but `made_by` speaks of the clip.

    Parameters
    ----------
    made : how the frames were generated, where a GPU of ours did it.
    """

    def written(file: FinishedFile) -> dict[str, Any]:
        return {"size_bytes": file.size, "sha256": file.sha256}

    return {
        "encoder": result.encoder,
        "video": {
            "width": plan.width,
            "height": plan.height,
            "fps": plan.fps,
            "frame_count": result.frame_count,
            "duration_sec": float(result.duration),
            "bitrate_kbps": round(result.bitrate_kbps, 1),
            "held_frames": result.held_frames,
            "trimmed_frames": result.trimmed_frames,
            "has_sound": source.sound is not None,
        },
        "files": {
            "master": written(result.master),
            "proxy": written(result.proxy),
            "poster": written(result.poster),
        },
        "generation": made,
        "lut_sha256": result.lut_sha256,
        "warnings": [*result.warnings, *filter(None, [source.note])],
        "made_by": [item.run.run_id, item.stem],
        "seconds": result.seconds,
    }


def _read(services: Services, key: str) -> bytes:
    return services.objects.read(ObjectRef(bucket=services.work_bucket, key=key))
