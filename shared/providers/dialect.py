"""What each model calls the fields of a request: data, read from `dialects.json`.

A dialect maps our names to theirs. A value is `place[:format]`: the place is a dotted path in the
body (`instances.0.prompt`), the format is one of `FORMATS`. An empty place is for what the model
does anyway and has no field for, such as its only length. A field that a dialect lacks cannot be
asked of that model, and a request that asks it is refused before anything is sent.
"""

import json
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import Field

from shared.clip import Document
from shared.errors import Problem
from shared.jobs.request import MediaInput, VideoRequest
from shared.providers.contract import RequestNotPossible

MEDIA_FIELDS = ("image", "last_frame", "audio", "mask")
PLAIN_FIELDS = (
    "prompt",
    "negative_prompt",
    "duration_sec",
    "resolution",
    "aspect",
    "seed",
    "guidance",
    "enable_prompt_expansion",
)

MediaValue = Callable[[str, MediaInput], Any]


class Dialect(Document):
    """How one model, or all models of a pattern, are spoken to.

    `fixed` is sent always; `defaults` unless the request says otherwise; `choices` are the values
    that an adapter may pick from where our words do not fit theirs (Runway's ratios).
    """

    fields: dict[str, str]
    required: tuple[str, ...] = ()
    fixed: dict[str, Any] = Field(default_factory=dict)
    defaults: dict[str, Any] = Field(default_factory=dict)
    choices: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    note: str = ""


@cache
def _shipped() -> dict[str, dict[str, Dialect]]:
    document = json.loads(files("shared.providers").joinpath("dialects.json").read_bytes())
    return {
        provider: {pattern: Dialect.model_validate(row) for pattern, row in rows.items()}
        for provider, rows in document.items()
    }


def find_dialect(provider: str, model: str) -> Dialect:
    """The first dialect of `provider` whose pattern fits `model`.

    Raises
    ------
    RequestNotPossible : there is none.
    """
    for pattern, dialect in _shipped().get(provider, {}).items():
        if fnmatchcase(model, pattern):
            return dialect
    raise _refused("model", f"{provider} has no dialect for `{model}`.", "See docs/providers.md.")


def compose(
    provider: str, model: str, request: VideoRequest, media_value: MediaValue
) -> dict[str, Any]:
    """The body of a submit.

    Parameters
    ----------
    media_value : how this provider names an input file, given our field name and the file.

    Raises
    ------
    RequestNotPossible : the model lacks a field, lacks a value, or a value does not fit.
    """
    dialect = find_dialect(provider, model)
    asked = _asked(request)
    _check(dialect, asked, f"{provider}/{model}")
    body: dict[str, Any] = json.loads(json.dumps(dialect.fixed))
    for name, value in {**dialect.defaults, **asked}.items():
        place, _, form = dialect.fields.get(name, "").partition(":")
        if place:
            written = (
                media_value(name, value) if name in MEDIA_FIELDS else _write(form, name, value)
            )
            put(body, place, written)
    _merge(body, extras(provider, request.params), f"params.{provider}")
    return body


def extras(provider: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """What the request says for this provider alone: `params: {"<provider>": {…}}`, merged in.

    Other providers' extras are theirs; a value outside any namespace would be lost, so it is
    refused.
    """
    loose = sorted(name for name, value in params.items() if not isinstance(value, dict))
    if loose:
        raise _refused(
            f"params.{loose[0]}",
            "stands outside any provider's namespace.",
            f'Write {{"{provider}": {{"{loose[0]}": …}}}}.',
        )
    return dict(params.get(provider, {}))


def put(body: dict[str, Any], place: str, value: Any) -> None:
    """Write `value` at a dotted place, making the dicts and lists on the way."""
    here: Any = body
    steps = place.split(".")
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        fresh: Any = value if following is None else [] if following.isdigit() else {}
        if isinstance(here, list):
            index = int(step)
            if index == len(here):
                here.append(fresh)
            elif following is None:
                here[index] = value
            here = here[index]
        else:
            here[step] = fresh if following is None else here.get(step, fresh)
            here = here[step]


def _merge(body: dict[str, Any], more: Mapping[str, Any], path: str) -> None:
    """Add `more`, dicts into dicts; what our own fields wrote is never overwritten."""
    for name, value in more.items():
        inner = body.get(name)
        if isinstance(inner, dict) and isinstance(value, dict):
            _merge(inner, value, f"{path}.{name}")
        elif name in body:
            raise _refused(f"{path}.{name}", "is already said by a field of the request.")
        else:
            body[name] = value


def _asked(request: VideoRequest) -> dict[str, Any]:
    """The fields that the request fills; an empty text asks nothing."""
    names = (*PLAIN_FIELDS, *MEDIA_FIELDS)
    values = {name: getattr(request, name) for name in names}
    return {name: value for name, value in values.items() if value is not None and value != ""}


def _check(dialect: Dialect, asked: Mapping[str, Any], model: str) -> None:
    # Without such a switch a model's own habit holds, and the request's default asks no change.
    lacking = asked.keys() - dialect.fields.keys() - {"enable_prompt_expansion"}
    missing = [name for name in dialect.required if name not in asked]
    problems = [
        Problem(name, f"{model} does not take this.", code="unsupported_parameter")
        for name in sorted(lacking)
    ]
    problems += [
        Problem(name, f"{model} needs this.", code="missing_parameter") for name in missing
    ]
    if problems:
        raise RequestNotPossible.because(problems)


def _whole(name: str, value: float) -> int:
    if value != int(value):
        raise _refused(name, f"must be a whole number here, not {value:g}.")
    return int(value)


TIERS = {"720p": "std", "1080p": "pro"}


def _tier(name: str, value: Any) -> str:
    if value not in TIERS:
        raise _refused(name, f"is {' or '.join(TIERS)}, not {value}.")
    return TIERS[value]


FORMATS: dict[str, Callable[[str, Any], Any]] = {
    "": lambda _name, value: value,
    "int": _whole,
    "text": lambda name, value: str(_whole(name, value)),
    "seconds": lambda name, value: f"{_whole(name, value)}s",
    "upper": lambda _name, value: str(value).upper(),
    "tier": _tier,
}
"""`5.0` as `5`, `"5"`, `"5s"`; `768p` as `768P`; Kling's `std` is 720p and `pro` 1080p."""


def _write(form: str, name: str, value: Any) -> Any:
    return FORMATS[form](name, value)


def _refused(path: str, message: str, hint: str = "") -> RequestNotPossible:
    return RequestNotPossible(
        f"{path} {message}", problems=[Problem(path, message, hint, "unsupported_parameter")]
    )
