"""PublishClip: the clip and everything that belongs to it, into the library, the metadata last."""

import json
import mimetypes
from typing import Any

from shared.audit import track_video_operation
from shared.batch import Check, ClipStatus
from shared.clip import ClipPlan, Deviation, Document, ObjectRef
from shared.keys import ArtefactKeys, Folder, s3_uri
from shared.manifest.slice import resolved_manifest
from shared.meta import MadeFile, VideoMeta, generation_settings
from shared.notices import Notification, clip_notice
from shared.pipeline.library import publish_bytes, publish_copy
from shared.pipeline.plan import ClipOrder
from shared.pipeline.results import clip_result
from shared.pipeline.services import ClipItem, Services
from shared.pipeline.stage import ClipStage
from shared.review import Review

JSON = "application/json"


class Published(Document):
    """The answer of `publish_clip`."""

    notification: Notification


def publish_clip(services: Services, item: ClipItem) -> Published:
    """Publish one clip; doing it twice changes nothing.

    Raises
    ------
    LibraryKeyTaken : a file that is not ours lies where the clip should go.
    """
    with ClipStage(services, item, "publish_clip", ClipStatus.PUBLISHING) as stage:
        paper = _Papers.read(services, item)
        files = _publish_files(services, item, paper)
        meta = _meta(services, item, paper, stage)
        publish_bytes(
            services,
            item.run.folder.key(f"{item.stem}.video_meta.json"),
            _json(meta.model_dump(mode="json")),
            run_id=item.run.run_id,
            content=f"{item.clip_key}/{item.run.run_id}",
            type_=JSON,
        )
        _audit(services, item, paper)
        stage.record(
            ClipStatus.DONE,
            files={**files, "meta": f"{item.stem}.video_meta.json"},
            review=meta.review,
            checks=tuple(Check(**_check(each)) for each in paper.inspection["checks"]),
            size_bytes=paper.finished["files"]["master"]["size_bytes"],
        )
    links = services.links(item.run.folder, item.run.run_id)
    return Published(
        notification=clip_notice(item.run.folder, item.stem, ClipStatus.DONE, (), links)
    )


class _Papers(Document):
    """What the stages before wrote about the clip."""

    plan: ClipPlan
    order: ClipOrder
    finished: dict[str, Any]
    inspection: dict[str, Any]

    @property
    def dropped(self) -> dict[str, ObjectRef]:
        """The creator's files that belong to the clip, by their names in the library."""
        order = self.order
        keyframe = (order.keyframe,) if order.keyframe else ()
        beside = {ref.name: ref for ref in (*keyframe, *order.companions)}
        return {**self.given, **beside}

    @property
    def given(self) -> dict[str, ObjectRef]:
        """What the model was given beside the keyframe, by name in the library."""
        return {self.given_names[field]: ref for field, ref in self.order.inputs.items()}

    @property
    def given_names(self) -> dict[str, str]:
        """By the request's field. In the folders of the drop, where a name may come twice."""
        folder = Folder(self.plan.project_id, self.plan.batch_id)
        return {
            field: ref.key.removeprefix(folder.prefix) for field, ref in self.order.inputs.items()
        }

    @classmethod
    def read(cls, services: Services, item: ClipItem) -> "_Papers":
        def read(key: str) -> bytes:
            return services.objects.read(ObjectRef(bucket=services.work_bucket, key=key))

        artefacts = ArtefactKeys(item.clip_key)
        return cls(
            plan=ClipPlan.model_validate_json(read(item.run.work.plan(item.index))),
            order=ClipOrder.model_validate_json(read(item.run.work.request(item.index))),
            finished=json.loads(read(artefacts.finished)),
            inspection=json.loads(read(artefacts.inspection)),
        )


def _review(services: Services, item: ClipItem, paper: _Papers) -> Review | None:
    """The word by which a clip is handed over that failed inspection."""
    if paper.inspection["verdict"] in ("pass", "warn"):
        return None
    return services.rows.review(item.run.project_id, item.clip_key)


def _publish_files(services: Services, item: ClipItem, paper: _Papers) -> dict[str, str]:
    artefacts = ArtefactKeys(item.clip_key)
    run_id, folder = item.run.run_id, item.run.folder
    for name, ref in paper.dropped.items():
        publish_copy(
            services,
            ref,
            folder.key(name),
            run_id=run_id,
            content=ref.etag,
            type_=mimetypes.guess_type(ref.name)[0] or "application/octet-stream",
        )
    names = file_names(item.stem)
    for key, name, type_ in (
        (artefacts.poster, names["poster"], "image/jpeg"),
        (artefacts.proxy, names["proxy"], "video/mp4"),
        (artefacts.master, names["master"], "video/mp4"),
    ):
        publish_copy(
            services,
            ObjectRef(bucket=services.work_bucket, key=key),
            folder.key(name),
            run_id=run_id,
            content=item.clip_key,
            type_=type_,
        )
    manifest = f"{item.stem}.video_manifest.json"
    publish_bytes(
        services,
        folder.key(manifest),
        _json(resolved_manifest(paper.plan, paper.order.request, paper.given_names)),
        run_id=run_id,
        content=item.clip_key,
        type_=JSON,
    )
    keyframe = {"keyframe": paper.order.keyframe.name} if paper.order.keyframe else {}
    return {**file_names(item.stem), "manifest": manifest, **keyframe}


def file_names(stem: str) -> dict[str, str]:
    """What a clip's files are called in the library."""
    return {
        "master": f"{stem}.mp4",
        "proxy": f"{stem}.proxy.mp4",
        "poster": f"{stem}.poster.jpg",
    }


def _meta(services: Services, item: ClipItem, paper: _Papers, stage: ClipStage) -> VideoMeta:
    plan, finished = paper.plan, paper.finished
    made = dict(finished.get("generation") or {})
    forced = made.pop("deviations", ())
    return VideoMeta(
        project_id=plan.project_id,
        batch_id=plan.batch_id,
        run_id=item.run.run_id,
        stem=item.stem,
        clip_key=item.clip_key,
        made_at=services.now().isoformat(),
        reused=stage.row.result.reused,
        source=_source(paper),
        review=_review(services, item, paper),
        keyframe_scores=stage.row.result.scores,
        motion_params=plan.motion,
        generation_settings=generation_settings(plan, finished["encoder"], made),
        video=finished["video"],
        files={
            kind: MadeFile(name=name, **finished["files"][kind])
            for kind, name in file_names(item.stem).items()
        },
        validation_results=paper.inspection,
        deviations=(*plan.deviations, *(Deviation(**each) for each in forced)),
        warnings=stage.row.result.warnings,
        cost=clip_result(stage.row).cost,
        seconds=stage.row.result.seconds,
    )


def _source(paper: _Papers) -> dict[str, Any]:
    """What the clip was made from."""
    plan, source = paper.plan, {}
    if plan.keyframe is not None and plan.keyframe_size is not None:
        source = {
            "keyframe": plan.keyframe.name,
            "version_id": plan.keyframe.version_id,
            "sha256": plan.keyframe_sha256,
            "width": plan.keyframe_size[0],
            "height": plan.keyframe_size[1],
        }
    inputs = {
        field: {"name": paper.given_names[field], "version_id": ref.version_id}
        for field, ref in paper.order.inputs.items()
    }
    return {**source, "inputs": inputs} if inputs else source


def _audit(services: Services, item: ClipItem, paper: _Papers) -> None:
    made_from = paper.order.keyframe or item.run.manifest
    output = f"s3://{services.library_bucket}/{item.run.folder.key(f'{item.stem}.mp4')}"
    for operation in ("generate", "transcode", "validate"):
        track_video_operation(
            operation,
            s3_uri(made_from),
            output,
            paper.plan.motion.model_dump(mode="json"),
            paper.inspection if operation == "validate" else {},
            paper.finished["video"]["duration_sec"],
            paper.finished["video"]["frame_count"],
            trail=services.audit,
            batch=item.run.folder.prefix.rstrip("/"),
            run_id=item.run.run_id,
            stem=item.stem,
            now=services.now,
        )


def _check(document: dict[str, Any]) -> dict[str, Any]:
    return {name: document[name] for name in Check.model_fields if name in document}


def _json(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=2).encode()
