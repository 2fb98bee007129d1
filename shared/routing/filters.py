"""Why a model may not make a clip, before anybody asks how good it is."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from shared.catalog.capability import refusals
from shared.catalog.catalog import Catalog
from shared.catalog.model import CAMERA_MOVE, OWN_ENGINES, Commercial, ModelRow
from shared.catalog.price import usd
from shared.catalog.pricing import Quote, Unpriced
from shared.catalog.standing import why_gone
from shared.catalog.territory import excluded_from
from shared.clip import Operation
from shared.jobs.request import VideoRequest
from shared.routing.policy import Policy, Privacy

STANDS_IN_FOR = frozenset({Operation.IMAGE_TO_VIDEO, Operation.SCENE_ANIMATION})
"""Where a camera move may take a model's place: it can show the keyframe, but not let it speak."""


def model_reasons(
    row: ModelRow,
    request: VideoRequest,
    policy: Policy,
    catalog: Catalog,
    today: date,
    prompt_follows: bool,
) -> list[str]:
    """Every reason that lies in the model itself; empty when there is none."""
    gone = why_gone(row, today)
    if gone is not None:
        return [gone]
    reasons = [row.not_yet] if row.not_yet else []
    reasons += _policy_reasons(row, policy)
    if not stands_in(row, request):
        problems = refusals(row, request, among=catalog.models, prompt_follows=prompt_follows)
        reasons += [f"{problem.message} {problem.hint}".strip() for problem in problems]
    return reasons


def stands_in(row: ModelRow, request: VideoRequest) -> bool:
    """Is it the camera move, named in place of a model that would invent something?"""
    opted = row.id == CAMERA_MOVE and request.operation in STANDS_IN_FOR
    return opted and request.image is not None


def engine_reason(
    row: ModelRow, engine: str, quote: Quote | Unpriced, policy: Policy
) -> str | None:
    """Why the model may not run there, or None: where the files would go, and the price."""
    if policy.privacy is Privacy.LOCAL_ONLY and engine not in OWN_ENGINES:
        return f"files may not leave for a provider (privacy), and `{engine}` is one"
    if isinstance(quote, Unpriced):
        return f"{quote.reason}; no money is spent on an unknown price"
    if not quote.verification.spendable and not quote.free and not policy.allow_unverified_prices:
        return f"nobody has checked its price ({quote.price_row.source})"
    if not policy.affords(quote.high):
        limit = usd(policy.max_price_per_clip_usd or Decimal(0))
        return f"it may cost {usd(quote.high)}, and a clip may cost {limit}"
    return None


def _policy_reasons(row: ModelRow, policy: Policy) -> Iterator[str]:
    if policy.commercial and row.commercial is Commercial.NO:
        yield f"its licence ({row.licence}) forbids commercial use"
    for place in policy.territory:
        if excluded_from(row.territory_excluded, place):
            yield f"its licence ({row.licence}) does not hold in {place}"
    if row.id == CAMERA_MOVE:
        return  # ours: from nowhere in particular, and never chosen for its quality
    if row.origin in policy.origins_denied:
        yield f"models from {row.origin} are not allowed"
    if policy.origins_allowed is not None and row.origin not in policy.origins_allowed:
        allowed = ", ".join(policy.origins_allowed) or "nowhere"
        yield f"only models from {allowed} are allowed, and it is from {row.origin or 'unknown'}"
    score = row.quality.score if row.quality else 0.0
    if score < policy.min_quality:
        yield f"its quality, {score:g}, is below {policy.min_quality:g}"
