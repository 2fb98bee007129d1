"""The table of settings in docs/deploy.md, made from the settings themselves.

`python -m stacks.settings_table` writes it there; a test sees to it that nobody forgets.
"""

from enum import StrEnum
from pathlib import Path
from typing import Any

from stacks.settings import RETENTION_DAYS, Settings

DOCUMENT = Path(__file__).parents[1] / "docs" / "deploy.md"
HEAD = "| setting | default | allowed | |\n| --- | --- | --- | --- |\n"

# What the type does not say in a word.
IN_WORDS = {
    "log_retention_days": f"{RETENTION_DAYS[0]} to {RETENTION_DAYS[-1]}, as CloudWatch offers",
    "stage": "a block of `cdk.json`",
    "name": "2 to 24 lower-case letters, digits, dashes",
    "providers_secret": "letters, digits and `/_+=.@-`",
    "worker_gpus": "rtx4090, a100, h100, separated by commas",
    "log_level": "DEBUG, INFO, WARNING, ERROR",
    "alarm_email": "an address",
    "runbook_url": "an address",
    "termination_protection": "true, false",
}


def settings_table() -> str:
    """Markdown, one row a setting, in the order of the class."""
    rows = [
        f"| `{name}` | {_default(field.default)} | {_allowed(name)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return HEAD + "\n".join(rows) + "\n"


def _default(value: Any) -> str:
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _allowed(name: str) -> str:
    field = Settings.model_fields[name]
    if name in IN_WORDS:
        return IN_WORDS[name]
    if isinstance(field.default, StrEnum):
        return ", ".join(type(field.default))
    limits = [
        getattr(rule, kind)
        for kind in ("ge", "le")
        for rule in field.metadata
        if getattr(rule, kind, None) is not None
    ]
    return f"{limits[0]:,} to {limits[1]:,}"


def with_table(document: str) -> str:
    """The document with its table of settings made anew."""
    before, after = document.split(HEAD, 1)
    rest = after.splitlines(keepends=True)
    while rest and rest[0].startswith("|"):
        rest.pop(0)
    return before + settings_table() + "".join(rest)


if __name__ == "__main__":
    DOCUMENT.write_text(with_table(DOCUMENT.read_text("utf-8")), "utf-8")
