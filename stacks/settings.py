"""What may differ between two deployments, as one typed document.

A value comes from `-c <setting>=<value>` on the command line, else from the stage's block under
`dropreel` in `cdk.json`, else from the default below. The stage itself is `-c stage=<name>`.
"""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from shared.gpu_jobs.gpu import tiers

DEFAULT_STAGE = "prod"
CONTEXT_BLOCK = "dropreel"

MEBIBYTE = 1024 * 1024

# CloudWatch Logs takes only these; `RetentionInDays` of the PutRetentionPolicy API.
RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180),
    *(365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)


class SettingsError(ValueError):
    """A setting that cannot be used; the message names it and what it may be."""


class Removal(StrEnum):
    """What happens to buckets and the table when their stack is deleted."""

    RETAIN = "retain"
    DESTROY = "destroy"


class Dependencies(StrEnum):
    """Where handlers find their libraries: in their bundle, or on the host that runs them."""

    BUNDLED = "bundled"
    HOST = "host"


def _log_retention(days: int) -> int:
    if days not in RETENTION_DAYS:
        raise ValueError(f"must be one of {', '.join(map(str, RETENTION_DAYS))}")
    return days


def _gpu_classes(names: str) -> str:
    found = [name.strip() for name in names.split(",") if name.strip()]
    if set(found) - set(tiers()):
        raise ValueError(f"must be of {', '.join(tiers())}, separated by commas")
    return ",".join(dict.fromkeys(found))


def _email(address: str | None) -> str | None:
    if address is not None and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", address):
        raise ValueError("must be an e-mail address, for example ops@example.com")
    return address


class Settings(BaseModel):
    """One deployment's settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: str = Field(DEFAULT_STAGE, description="which block of `cdk.json` applies")
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,23}$")] = Field(
        "dropreel", description="prefix of stacks, functions and the state machine"
    )

    # 12 h at most: each look costs 9 history events every 30 s, and an execution may have 25,000
    keyframe_wait_sec: int = Field(
        900, ge=1, le=43_200, description="how long a batch waits for its keyframes"
    )
    max_manifest_bytes: int = Field(
        16 * MEBIBYTE, ge=1024, le=64 * MEBIBYTE, description="largest manifest accepted"
    )
    max_keyframe_bytes: int = Field(
        64 * MEBIBYTE, ge=1024, le=512 * MEBIBYTE, description="largest keyframe accepted"
    )

    providers_secret: Annotated[str, Field(pattern=r"^[A-Za-z0-9/_+=.@-]{1,120}$")] = Field(
        "dropreel/providers", description="secret with the providers' keys, made by hand"
    )
    worker_gpus: Annotated[str, AfterValidator(_gpu_classes)] = Field(
        "rtx4090", description="classes of GPU that get a queue for workers of yours"
    )
    max_concurrency: int = Field(
        40, ge=1, le=1000, description="clips of one batch made at the same time"
    )
    finish_memory_mb: int = Field(
        10_240, ge=1769, le=10_240, description="memory, and with it cores, of FinishClip"
    )
    batch_timeout_hours: int = Field(
        48, ge=1, le=168, description="after this a batch is stopped and settled"
    )
    approval_wait_hours: int = Field(
        72, ge=1, le=720, description="how long a batch waits for its price to be approved"
    )

    work_days: int = Field(7, ge=1, le=365, description="how long intermediates are kept")
    drop_version_days: int = Field(
        30, ge=1, le=3650, description="how long replaced versions of dropped files are kept"
    )
    access_log_days: int = Field(90, ge=1, le=3650, description="how long S3 access logs are kept")
    log_retention_days: Annotated[int, AfterValidator(_log_retention)] = Field(
        30, description="how long function and workflow logs are kept"
    )
    log_level: Annotated[str, Field(pattern="^(DEBUG|INFO|WARNING|ERROR)$")] = Field(
        "INFO", description="least level that handlers log"
    )

    alarm_email: Annotated[str | None, AfterValidator(_email)] = Field(
        None, description="who gets the alarms; nobody unless set"
    )
    runbook_url: Annotated[str, Field(min_length=1, max_length=400)] = Field(
        "docs/deploy.md", description="where alarms point to; put your copy's address here"
    )
    stateful_removal: Removal = Field(
        Removal.RETAIN, description="buckets and table when the storage stack is deleted"
    )
    termination_protection: bool = Field(
        True, description="guard the storage stack against deletion"
    )
    handler_dependencies: Dependencies = Field(
        Dependencies.BUNDLED, description="`host` leaves libraries out of the bundles"
    )

    @property
    def worker_classes(self) -> tuple[str, ...]:
        return tuple(name for name in self.worker_gpus.split(",") if name)

    @property
    def destroy(self) -> bool:
        return self.stateful_removal is Removal.DESTROY


def read_settings(context: Callable[[str], Any]) -> Settings:
    """Settings from a look-up of context values (`app.node.try_get_context`).

    Raises
    ------
    SettingsError
        Unknown stage, unknown setting, or a value out of its range.
    """
    stages = context(CONTEXT_BLOCK) or {}
    stage = context("stage") or DEFAULT_STAGE
    if stage not in stages and stage != DEFAULT_STAGE:
        known = ", ".join(sorted({DEFAULT_STAGE, *stages}))
        raise SettingsError(f"stage: {stage!r} is not in cdk.json under `dropreel`; use {known}.")
    values: dict[str, Any] = {**stages.get(stage, {}), "stage": stage}
    for setting in Settings.model_fields:
        given = context(setting)
        if given is not None:
            values[setting] = given
    return parse_settings(values)


def parse_settings(values: Mapping[str, Any]) -> Settings:
    """Settings from plain values; errors name each setting and what it may be."""
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        problems = [_problem(e["loc"], e["msg"], e["input"]) for e in error.errors()]
        raise SettingsError("\n".join(problems)) from error


def _problem(place: tuple[int | str, ...], message: str, given: Any) -> str:
    name = str(place[0])
    if name not in Settings.model_fields:
        return f"{name}: there is no such setting; known are {', '.join(Settings.model_fields)}."
    return f"{name}: {message}, got {given!r}.{_range_of(name)}"


def _range_of(name: str) -> str:
    limits = {
        kind: getattr(rule, kind)
        for rule in Settings.model_fields[name].metadata
        for kind in ("ge", "le")
        if getattr(rule, kind, None) is not None
    }
    return f" Allowed: {limits['ge']} to {limits['le']}." if len(limits) == 2 else ""
