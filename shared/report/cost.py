"""`cost.json`: what a batch cost, clip by clip, and how that was worked out."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from shared.aws_cost import FORMULA, AwsPriceList, Usage, aws_cost, aws_prices
from shared.batch import BatchResult, ClipResult, ClipStatus, Cost
from shared.catalog import find_model
from shared.report.tally import clips_cost, cost_of, footage_sec

PLACES = 10
"""Decimals of a dollar: one S3 GET is 0.0000004."""


def cost_document(
    batch: BatchResult,
    usage: Mapping[str, Usage] | None = None,
    prices: AwsPriceList | None = None,
) -> dict[str, Any]:
    """The document, ready for JSON; every amount is in US dollars.

    Parameters
    ----------
    batch : its clips carry their costs.
    usage : metered AWS usage by stem, where it is known; its bill by meter is then shown too.
    prices : the AWS price list that was used; the shipped one by default.
    """
    listed = prices or aws_prices()
    clips = clips_cost(batch.clips)
    total = cost_of(batch)
    footage = footage_sec(batch)
    shared = Cost(
        model_usd=max(total.model_usd - clips.model_usd, 0.0),
        aws_usd=max(total.aws_usd - clips.aws_usd, 0.0),
    )
    return {
        "schema_version": "1",
        "project_id": batch.project_id,
        "batch_id": batch.batch_id,
        "run_id": batch.run_id,
        "state": batch.state.value,
        "dry_run": batch.dry_run,
        "currency": "USD",
        "basis": "estimate from measured use and list prices; the invoice is what counts",
        "total": _amounts(total),
        "clips_total": _amounts(clips),
        "shared_by_all_clips": _amounts(shared),
        "footage_sec": round(footage, 3),
        "usd_per_footage_sec": _usd(total.total_usd / footage) if footage else None,
        "models": _models(batch),
        "clips": [_clip(clip, (usage or {}).get(clip.stem), listed) for clip in batch.clips],
        "formula": {
            "total": "sum of clips + what all clips share",
            "clip": "model_usd + aws_usd",
            "aws_usd": FORMULA,
            "model_usd": "what the provider reported, else measured GPU seconds * rate, else"
            " catalogue price",
            "reused": "a clip that was made before costs only its delivery",
        },
        "prices": {
            "aws": listed.model_dump(mode="json"),
            "models": _model_prices(batch),
        },
    }


def _usd(amount: float) -> float:
    return round(amount, PLACES)


def _amounts(cost: Cost) -> dict[str, float]:
    return {
        "model_usd": _usd(cost.model_usd),
        "aws_usd": _usd(cost.aws_usd),
        "total_usd": _usd(cost.total_usd),
    }


def _clip(clip: ClipResult, usage: Usage | None, prices: AwsPriceList) -> dict[str, Any]:
    row: dict[str, Any] = {
        "stem": clip.stem,
        "status": clip.status.value,
        "model": clip.model,
        "duration_sec": clip.duration_sec,
        "reused": clip.reused,
        **_amounts(clip.cost),
    }
    if usage:
        parts = aws_cost(usage, prices).parts_usd
        row["usage"] = {meter: amount for meter, amount in asdict(usage).items() if amount}
        row["aws_parts_usd"] = {meter: _usd(amount) for meter, amount in parts.items()}
    return row


def _models(batch: BatchResult) -> list[dict[str, Any]]:
    """What each model made and cost; the place to compare them."""
    rows = []
    for model in sorted({clip.model for clip in batch.clips if clip.model}):
        clips = [clip for clip in batch.clips if clip.model == model]
        done = [clip for clip in clips if clip.status is ClipStatus.DONE]
        rows.append(
            {
                "model": model,
                "clips": len(clips),
                "done": len(done),
                "footage_sec": round(sum(clip.duration_sec for clip in done), 3),
                **_amounts(clips_cost(clips)),
            }
        )
    return rows


def _model_prices(batch: BatchResult) -> list[dict[str, Any]]:
    """The catalogue's price rows of the models that the batch used."""
    found = (find_model(model) for model in sorted({clip.model for clip in batch.clips}))
    return [
        {"model": row.id, **price.model_dump(mode="json")}
        for row in found
        if row
        for price in row.prices
    ]
