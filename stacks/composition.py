"""The app put together: settings, stacks, checks."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aws_cdk import App, Tags, Validations
from cdk_nag import AwsSolutionsChecks

from stacks.monitoring import MonitoringStack
from stacks.pipeline import PipelineStack
from stacks.settings import Settings, read_settings
from stacks.storage import StorageStack

CDK_JSON = Path(__file__).parents[1] / "cdk.json"


@dataclass(frozen=True)
class Composition:
    """The stacks of one deployment."""

    settings: Settings
    storage: StorageStack
    pipeline: PipelineStack
    monitoring: MonitoringStack


def new_app(context: Mapping[str, Any] | None = None, outdir: str | None = None) -> App:
    """The whole app.

    Parameters
    ----------
    context : laid over `cdk.json`; the command line's own context is laid over both.
    outdir : for tests only. The command line chooses its own, and must not be overruled.
    """
    app = App(context={**cdk_json_context(), **(context or {})}, outdir=outdir)
    compose(app, read_settings(app.node.try_get_context))
    return app


def cdk_json_context() -> dict[str, Any]:
    """The context that the command line would read: `python app.py` alone needs it too."""
    context: dict[str, Any] = json.loads(CDK_JSON.read_text("utf-8"))["context"]
    return context


def compose(app: App, settings: Settings) -> Composition:
    """All stacks, tagged and checked."""
    storage = StorageStack(app, f"{settings.name}-storage", settings=settings)
    pipeline = PipelineStack(app, f"{settings.name}-pipeline", settings=settings, storage=storage)
    monitoring = MonitoringStack(
        app, f"{settings.name}-monitoring", settings=settings, pipeline=pipeline
    )
    Tags.of(app).add("project", "dropreel")
    Tags.of(app).add("stage", settings.stage)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return Composition(settings, storage, pipeline, monitoring)
