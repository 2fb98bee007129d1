"""The workflow's definition as it is deployed, and its child alone."""

from typing import Any

from stacks.handlers import OUTSIDE_WORKFLOW, handler_specs
from stacks.settings import Settings
from stacks.workflow import batch_definition

SPECS = [spec for spec in handler_specs(Settings()) if spec.name not in OUTSIDE_WORKFLOW]


def definition(
    max_concurrency: int = 2, timeout_hours: int = 1, approval_hours: int = 1
) -> dict[str, Any]:
    """The definition before substitution."""
    return batch_definition(
        timeouts={spec.state: spec.timeout_sec for spec in SPECS},
        max_concurrency=max_concurrency,
        timeout_hours=timeout_hours,
        approval_hours=approval_hours,
    )


def clip_definition() -> dict[str, Any]:
    """The Map's child as a machine of its own."""
    child = definition()["States"]["RenderClips"]["ItemProcessor"]
    return {"QueryLanguage": "JSONPath", "StartAt": child["StartAt"], "States": child["States"]}
