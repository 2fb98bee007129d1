"""The text of `docs/models.md`. It holds no date of its own: the same rows give the same page."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal

from shared.catalog.can import Capabilities, FrameRule, Need, Span
from shared.catalog.catalog import Catalog
from shared.catalog.model import BASE, ModelKind, ModelRow
from shared.catalog.price import Currency, Price
from shared.catalog.pricing import Unpriced
from shared.catalog.query import UNIT_OF_USE, Listed, list_models
from shared.catalog.recipe import GpuClass
from shared.gpu_jobs.clip_costs import BATCH, clip_costs

INTRODUCTION = """\
# Models

Generated from `shared/catalog/data/` by `python -m shared.catalog.docs`; do not edit.
At a terminal: `dropreel models --help`.

Nothing here has been run with a real key unless the column *tested* says so. Prices are leads with
a source, not offers: the provider's invoice counts.

- **price**: expected for one unit of use (a second of a typical 5 s clip at the model's default
  resolution, an image of one megapixel, 1,000 characters, a million tokens in and out).
  *verified*: the vendor's own documentation said so on that day. *reported*: somebody else said so.
  *unverified*: from memory or a claim; no money is spent on its word. No price: none is known, and
  the model is not used.
- **quality**: 0 to 1. *assumed* is a guess to start from until a shootout measures the model.
- **commercial**: `terms` means that somebody must read the licence.
- **status**: `legacy` models run only where a route names them.
"""
GONE = "Gone, or never there"
TITLES = {
    ModelKind.VIDEO: "Video",
    ModelKind.LIP_SYNC: "Talking and lip sync",
    ModelKind.IMAGE: "Images",
    ModelKind.VOICE: "Voices",
    ModelKind.LLM: "Language models",
}
INPUTS = ("image", "last_frame", "audio", "mask", "prompt", "negative_prompt", "seed")
GPU_CLASSES = (GpuClass.RTX4090, GpuClass.A100, GpuClass.H100)
ABOUT_RECIPES = """\
Frames, rate and sides are what the model was trained for; a request is brought to them, and what
that changes is among the clip's deviations. A recipe is a way to hold the model on a class of GPU
(`shared/catalog/recipe_book.json`, [gpu.md](gpu.md)); the next is tried when one runs out of
memory."""
ABOUT_SECONDS = f"""\
What `dropreel estimate` counts with (`shared/catalog/clip_seconds.json`); a clip of another size,
length or number of steps is worked out in proportion. **s** is paid for every clip on a rented GPU:
generating, warm, and where it was measured interpolating, encoding and uploading. A **cold start**
(from the start of the process to the end of the first step, loading and compiling included) is paid
once for each container, and stands apart: here shared by a batch of {BATCH}. Prices are those of
`shared/gpu_jobs/gpus.json`. Measured figures are of random weights at real size."""
SIGNS = {Need.NO: "·", Need.OPTIONAL: "○", Need.REQUIRED: "●"}


def models_page(catalog: Catalog) -> str:
    """The whole page, in Markdown."""
    here = [row for row in catalog.models if not row.status.gone]
    gone = [row for row in catalog.models if row.status.gone]
    parts = [INTRODUCTION]
    for kind, title in TITLES.items():
        rows = [each for each in list_models(here, today=date.min) if each.row.kind is kind]
        parts.append(f"## {title}\n\n{_overview(rows, kind)}")
    makers = [row for row in here if row.operations]
    parts.append(f"## What they take\n\n{_capabilities(makers)}")
    runnable = [row for row in makers if row.recipes]
    parts.append(f"## On your own GPUs\n\n{_own_gpus(runnable)}")
    parts.append(f"### What a clip takes\n\n{_clip_costs()}")
    parts.append(f"## Prices\n\n{_prices(catalog.models)}")
    parts.append(f"## {GONE}\n\n{_gone(gone)}")
    parts.append(f"## Notes\n\n{_notes(catalog.models)}")
    return "\n".join(parts)


def _overview(rows: Iterable[Listed], kind: ModelKind) -> str:
    price = f"USD per {UNIT_OF_USE[kind]}"
    about = ("model", "name", "platform", "origin", "licence", "commercial", "not in")
    head = (*about, price, "quality", "tier", "status", "tested")
    return _table(head, (_overview_row(each) for each in rows))


def _overview_row(each: Listed) -> tuple[str, ...]:
    row = each.row
    quality = f"{row.quality.score:g} {row.quality.source}" if row.quality else ""
    status = row.status.value + (f", ends {row.ends_on.isoformat()}" if row.ends_on else "")
    status += ", not runnable yet" if row.not_yet else ""
    return (
        *(f"`{row.id}`", row.name, row.platform.value, row.origin, row.licence),
        *(row.commercial.value, " ".join(row.territory_excluded), _unit_price(each)),
        *(quality, row.speed.value, status, row.tested.on.isoformat() if row.tested else "never"),
    )


def _unit_price(each: Listed) -> str:
    if each.unit_usd is None or isinstance(each.quote, Unpriced):
        return "unknown"
    return f"{plain(each.unit_usd)} {each.quote.verification.value.replace('_', ' ')}"


def _capabilities(rows: Sequence[ModelRow]) -> str:
    signs = "● required, ○ optional, · not taken (and refused before anything is spent)."
    words = [name.replace("_", " ") for name in INPUTS]
    head = ("model", "operations", *words, "guidance", "seconds", "resolutions", "sound")
    return f"{signs}\n\n{_table(head, (_capability_row(row) for row in rows))}"


def _capability_row(row: ModelRow) -> tuple[str, ...]:
    can = row.capabilities
    guidance = f"{can.guidance.low:g}–{can.guidance.high:g}" if can.guidance else "·"
    return (
        f"`{row.id}`",
        " ".join(f"`{each.value}`" for each in row.operations),
        *(SIGNS[getattr(can, name)] for name in INPUTS),
        *(guidance, _seconds(can), " ".join(can.resolutions).replace("*", "any")),
        "own" if can.makes_sound else "·",
    )


def _seconds(can: Capabilities) -> str:
    if can.duration_from_audio:
        return "as the sound"
    if isinstance(can.durations_sec, Span):
        return f"{can.durations_sec.low:g}–{can.durations_sec.high:g}"
    return ", ".join(f"{each:g}" for each in can.durations_sec or ()) or "unknown"


def _own_gpus(rows: Sequence[ModelRow]) -> str:
    head = ("model", "weights", "commit", "frames", "fps", "sides", "sizes", "steps", "guidance")
    table = _table((*head, *GPU_CLASSES), (_own_gpu_row(row) for row in rows))
    return f"{ABOUT_RECIPES}\n\n{table}"


def _own_gpu_row(row: ModelRow) -> tuple[str, ...]:
    rule, sampling = row.capabilities.frames, row.sampling
    if rule is None or sampling is None:
        raise ValueError(f"{row.id} has recipes, but no frame rule or no sampling")
    guidance = "" if sampling.guidance is None else f"{sampling.guidance:g}"
    repositories = row.parts.values() or (row.provider_model,)
    return (
        *(f"`{row.id}`", " ".join(f"`{each}`" for each in repositories)),
        *(_pins(row), _frame_counts(rule), f"{rule.fps:g}"),
        f"×{rule.size_multiple}",
        " ".join(f"{width}×{height}" for width, height in rule.sizes.values()),
        *(str(sampling.steps), guidance),
        *(" ".join(f"`{name}`" for name in row.recipes.get(each, ())) for each in GPU_CLASSES),
    )


def _pins(row: ModelRow) -> str:
    pins = [pin[:12] for name in row.parts or (BASE,) if (pin := row.pin(name))]
    return " ".join(f"`{pin}`" for pin in pins) or "not pinned"


def _clip_costs() -> str:
    head = ("model", "GPU", "recipe", "clip", "s", "USD a clip", "cold start, s")
    table = _table((*head, f"USD of it at {BATCH}", "USD in all", "known by"), _cost_rows())
    return f"{ABOUT_SECONDS}\n\n{table}"


def _cost_rows() -> Iterator[tuple[str, ...]]:
    for cost in clip_costs():
        row, cold = cost.row, cost.cold_usd
        yield (
            *(f"`{row.model}`", cost.price.kind, f"`{row.recipe}`" if row.recipe else ""),
            *(str(row.shape), f"{cost.clip_sec:.1f}", f"{cost.clip_usd:.4f}"),
            "" if row.cold_start_sec is None else f"{row.cold_start_sec:.1f}",
            *("" if cold is None else f"{cold:.4f}", f"{cost.usd:.4f}"),
            f"{row.said}{f' ({row.note})' if row.note else ''}",
        )


def _frame_counts(rule: FrameRule) -> str:
    if rule.frame_step is None:
        return str(rule.default_frames)
    series = "any" if rule.frame_step == 1 else f"{rule.frame_step}k+{rule.frame_offset}"
    least = f" from {rule.least_frames}" if rule.least_frames > 1 else ""
    most = f" to {rule.most_frames}" if rule.most_frames else ""
    return f"{series}{least}{most}"


def _prices(rows: Iterable[ModelRow]) -> str:
    head = ("model", "amount", "per", "for", "source", "as of", "verification")
    return _table(head, (_price_row(row, price) for row in rows for price in row.prices))


def _price_row(row: ModelRow, price: Price) -> tuple[str, ...]:
    as_of = price.as_of.isoformat() if price.as_of else "undated"
    where = (price.resolution or "", f"{plain(price.duration_sec)} s" if price.duration_sec else "")
    sound = {None: "", True: "with sound", False: "without sound"}[price.audio]
    least = f"at least {plain(price.min_units)}" if price.min_units else ""
    step = f"in steps of {plain(price.unit_step)}" if price.unit_step else ""
    conditions = ", ".join(part for part in (*where, sound, least, step) if part)
    return (
        *(f"`{row.id}`", amount_text(price), price.unit.value, conditions, price.source),
        *(as_of, price.verification.value),
    )


def amount_text(price: Price) -> str:
    """An amount as its source writes it, with what it is in dollars."""
    high = f"–{plain(price.amount_high)}" if price.amount_high is not None else ""
    text = f"{price.currency.value} {plain(price.amount)}{high}"
    if price.currency is Currency.USD:
        return text
    low_usd, high_usd = price.range_usd
    dollars = plain(low_usd) if low_usd == high_usd else f"{plain(low_usd)}–{plain(high_usd)}"
    return f"{text} (USD {dollars})"


def plain(amount: Decimal) -> str:
    """A number without trailing zeros, at most six decimals."""
    text = f"{amount:.6f}".rstrip("0").rstrip(".")
    return text or "0"


def _gone(rows: Iterable[ModelRow]) -> str:
    head = ("model", "also called", "status", "since", "use instead", "note")
    return _table(
        head,
        (
            (
                *(f"`{row.id}`", ", ".join(f"`{alias}`" for alias in row.aliases)),
                *(row.status.value, row.retired_on.isoformat() if row.retired_on else "unknown"),
                *(f"`{row.replacement}`" if row.replacement else "", row.note),
            )
            for row in rows
        ),
    )


def _notes(rows: Iterable[ModelRow]) -> str:
    lines = []
    for row in rows:
        parts = [row.note, f"Cannot run yet: {row.not_yet}." if row.not_yet else ""]
        parts.append(f"Free: {row.free_tier}." if row.free_tier else "")
        parts.append(f"Paywall: {row.paywall}." if row.paywall else "")
        text = " ".join(part for part in parts if part)
        if text and not row.status.gone:
            lines.append(f"- `{row.id}`: {text}\n")
    return "".join(lines)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"

    def lines() -> Iterator[str]:
        yield line(head)
        yield line(["---"] * len(head))
        yield from (line(row) for row in rows)

    return "".join(lines())
