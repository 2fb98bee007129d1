"""Filter → rank: who may make this clip here, in which order.

Filtered first: standing and end date, what this version can run, licence, territory, origin,
capability; then per engine: is it there, is it well, may the files go there, is the price known and
affordable. What is left is ranked by the preset's tiers and weights; a model named in the route
stands where the route puts it. The order depends on nothing else, least of all on the order of the
catalogue.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from shared.catalog.can import Need
from shared.catalog.catalog import Catalog, load_catalog
from shared.catalog.model import CAMERA_MOVE, OWN_ENGINES, ModelRow
from shared.catalog.pricing import Quote, Unpriced, price_of_request
from shared.jobs.request import VideoRequest
from shared.routing.explain import reasons_for
from shared.routing.filters import engine_reason, model_reasons
from shared.routing.fit import Pricer, fitted, sized
from shared.routing.policy import Policy
from shared.routing.presets import Group, Preset, find_preset
from shared.routing.ranking import Candidate, Ranking, Rejected
from shared.routing.route import Block, read_route

HALF_WAY_USD = 0.10
"""Price of a second at which a model is half as attractive as a free one.

An absolute scale: how two models compare does not depend on who else is in the list.
"""


def catalog_price(row: ModelRow, request: VideoRequest, engine: str) -> Quote | Unpriced:
    """The price by the catalogue's rows."""
    return price_of_request(row, request, engine=engine)


def nothing_known(_engine: str) -> str:
    """What an engine that is not there would need, where nobody knows."""
    return ""


def rank(
    route: Sequence[str],
    request: VideoRequest,
    policy: Policy,
    available_engines: Collection[str],
    health: Mapping[str, str] | None = None,
    *,
    catalog: Catalog | None = None,
    today: date | None = None,
    prompt_follows: bool = False,
    may_trim: bool = False,
    lines: int | None = None,
    price: Pricer = catalog_price,
    needs: Callable[[str], str] = nothing_known,
) -> Ranking:
    """Who may make a clip, best first, and why the others may not.

    Parameters
    ----------
    route : presets and models, in any mixture; each word's candidates come after those of the
        words before it.
    request : its `model` is not looked at.
    available_engines : the engines that this deployment has.
    health : engine → why it is not to be used now, for example an open circuit breaker.
    today : for end dates; the present day (UTC) by default.
    prompt_follows : the prompt will be written later, so it may be missing now.
    may_trim : a model that makes 5 s may be chosen for 4; its candidate's `duration_sec` says what
        to ask for, and what is too long is to be cut off.
    lines : shorter side of the clip; where no resolution is asked for, the model's nearest to it is
        taken instead of the model's default.
    price : for prices that the catalogue cannot know, such as measured GPU seconds.
    needs : what is to be set before an engine that is not there can be used.

    Raises
    ------
    ModelUnavailable : a word of the route is neither a preset nor a model.
    """
    rows = catalog or load_catalog()
    day = today or datetime.now(UTC).date()
    blocks = read_route(route, request.operation, rows)
    words = tuple(block.word for block in blocks)
    if policy.allow_camera_move and CAMERA_MOVE not in words:
        blocks += read_route([CAMERA_MOVE], request.operation, rows)
    candidates: dict[str, Candidate] = {}
    rejected: dict[str, Rejected] = {}
    for block in blocks:
        found: list[tuple[ModelRow, Candidate]] = []
        for row in sorted(block.rows, key=lambda each: each.id):
            wanted = sized(row, request, lines, price) if lines else request
            wanted = fitted(row, wanted) if may_trim else wanted
            reasons = model_reasons(row, wanted, policy, rows, day, prompt_follows)
            if reasons:
                rejected.setdefault(row.id, Rejected(row.id, "", tuple(reasons)))
                continue
            for outcome in _on_engines(
                block, row, wanted, policy, available_engines, health or {}, price, needs
            ):
                if isinstance(outcome, Candidate):
                    found.append((row, outcome))
                else:
                    rejected.setdefault(f"{row.id}@{outcome.engine}", outcome)
        for _, candidate in sorted(found, key=lambda each: _place(block.preset, *each)):
            candidates.setdefault(candidate.key, candidate)
    return Ranking(words, tuple(candidates.values()), tuple(rejected.values()), policy)


def _on_engines(
    block: Block,
    row: ModelRow,
    request: VideoRequest,
    policy: Policy,
    available: Collection[str],
    health: Mapping[str, str],
    price: Pricer,
    needs: Callable[[str], str],
) -> Iterator[Candidate | Rejected]:
    engines = [engine for engine in row.engines if engine in available]
    if not engines:
        reason = f"its engine `{row.engine}` is not available in this deployment"
        wanted = tuple(f"`{each}` ({need})" for each in row.engines if (need := needs(each)))
        yield Rejected(row.id, row.engine, (reason,), wanted)
    for engine in engines:
        if engine in health:
            yield Rejected(row.id, engine, (f"`{engine}` is paused: {health[engine]}",))
            continue
        quote = price(row, request, engine)
        reason_there = engine_reason(row, engine, quote, policy)
        if reason_there is not None or isinstance(quote, Unpriced):
            yield Rejected(row.id, engine, (reason_there or "",))
        else:
            yield _candidate(block, row, request, engine, quote)


def _candidate(
    block: Block, row: ModelRow, request: VideoRequest, engine: str, quote: Quote
) -> Candidate:
    quality = row.quality.score if row.quality else 0.0
    preset = block.preset or find_preset("balanced")
    weights = (preset.cost_weight, preset.quality_weight) if preset else (0.5, 0.5)
    usd_per_sec = float(quote.expected) / _seconds(request)
    cheapness = HALF_WAY_USD / (HALF_WAY_USD + usd_per_sec)
    score = (weights[0] * cheapness + weights[1] * quality) / sum(weights)
    return Candidate(
        model=row.id,
        engine=engine,
        quote=quote,
        quality=quality,
        score=score,
        word=block.word,
        duration_sec=request.duration_sec,
        takes_seed=row.capabilities.seed is not Need.NO and row.id != CAMERA_MOVE,
        why=tuple(reasons_for(block, row, request, engine, quote, score)),
        resolution=None if request.resolution == "auto" else request.resolution,
    )


def _place(
    preset: Preset | None, row: ModelRow, candidate: Candidate
) -> tuple[int, float, Decimal, float, str, str]:
    """Sort key; the last two are never equal for two candidates."""
    if preset is None:
        return (0, 0.0, candidate.quote.expected, 0.0, candidate.model, candidate.engine)
    groups = {Group.OWN if candidate.engine in OWN_ENGINES else Group.EXTERNAL}
    groups |= {Group.FREE} if candidate.quote.free else set()
    groups |= {Group.FREE_TIER} if row.free_tier else set()
    return (
        preset.tier_of(groups),
        -candidate.score,
        candidate.quote.expected,
        -candidate.quality,
        candidate.model,
        candidate.engine,
    )


def _seconds(request: VideoRequest) -> float:
    sound = request.audio.duration_sec if request.audio else None
    return max(request.duration_sec or sound or 5.0, 0.1)
