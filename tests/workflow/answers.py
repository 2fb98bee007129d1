"""What well-behaved functions answer, in the words of docs/architecture.md."""

from typing import Any

from tests.workflow.engine import Engine, Function

RUN = {
    "project_id": "atlas",
    "batch_id": "spring",
    "run_id": "atlas-spring-0123456789ab-1",
    "manifest": {
        "bucket": "drop",
        "key": "atlas/spring/manifest.json",
        "version_id": "v1",
        "etag": "e",
        "size": 3,
    },
    "dry_run": False,
}
ITEM = {"run": RUN, "stem": "img_001", "index": 0}


def notification(text: str) -> dict[str, Any]:
    attributes = {"type": text, "project": "atlas", "status": "ok"}
    return {
        "notification": {
            "subject": f"Dropreel: {text}",
            "message": f'{{"text": "{text}"}}',
            "attributes": attributes,
        }
    }


def answering(answer: dict[str, Any]) -> Function:
    return lambda _payload: answer


def good_clip(engine: Engine, *, verdict: str = "pass", dry_run: bool = False) -> None:
    engine.functions |= {
        "PrepareClip": answering(routed("planned" if dry_run else "finish", clip_key="abc")),
        "FinishClip": answering({}),
        "InspectClip": answering({"verdict": verdict}),
        "PublishClip": answering(notification("clip_done")),
        "RecordClipEnd": lambda payload: notification(payload["outcome"]),
    }


def routed(
    step: str, *, job_id: str = "", reason: str = "", clip_key: str = "xyz"
) -> dict[str, Any]:
    """What PrepareClip and RouteClip answer; the key is that of the model that is tried."""
    return {"step": step, "clip_key": clip_key, "job_id": job_id, "reason": reason}


def generated_clip(engine: Engine, first: dict[str, Any], *steps: dict[str, Any]) -> None:
    """A clip that a model makes; RouteClip answers one of `steps` after the other."""
    good_clip(engine)
    answers = iter(steps)
    engine.functions |= {
        "PrepareClip": answering(first),
        "RouteClip": lambda _payload: next(answers),
    }


def good_batch(engine: Engine, stems: list[str]) -> None:
    good_clip(engine)
    items = [{"stem": stem, "index": index} for index, stem in enumerate(stems)]
    engine.functions |= {
        "CheckManifest": answering({"clip_count": len(items), **notification("accepted")}),
        "AwaitKeyframes": answering({"missing": 0, "wait_sec": 1, "ready": True}),
        "PlanBatch": answering(engine.put_plan(items)),
        "CloseBatch": lambda payload: notification(payload["outcome"]),
    }


class Failing:
    """Fails with an error some times, then answers."""

    def __init__(self, name: str, times: int, then: Function) -> None:
        self._name = name
        self._left = times
        self._then = then

    def __call__(self, payload: dict[str, Any]) -> dict[str, Any]:
        if self._left:
            self._left -= 1
            raise NamedError(self._name)
        return self._then(payload)


class NamedError(Exception):
    """An error that Step Functions knows by `name`."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} happened")
        self.name = name


def always(name: str) -> Function:
    return Failing(name, 1_000_000, lambda _payload: {})
