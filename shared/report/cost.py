"""`cost.json`: what a batch cost, clip by clip, and how that was worked out."""

from collections.abc import Mapping, Sequence
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
    others: Sequence[BatchResult] = (),
) -> dict[str, Any]:
    """The document, ready for JSON; every amount is in US dollars.

    Parameters
    ----------
    batch : its clips carry their costs.
    usage : metered AWS usage by stem, where it is known; its bill by meter is then shown too.
    prices : the AWS price list that was used; the shipped one by default.
    others : what became of the other manifests of its folder; they are part of the bill.
    """
    listed = prices or aws_prices()
    clips = clips_cost(batch.clips)
    manifest = cost_of(batch)
    total = folder_cost(batch, others)
    footage = sum(map(footage_sec, (batch, *others)))
    shared = _less(_less(manifest, batch.earlier), clips)
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
        "earlier_runs": _amounts(batch.earlier),
        "other_manifests": _amounts(_less(total, manifest)),
        "footage_sec": round(footage, 3),
        "usd_per_footage_sec": _usd(total.total_usd / footage) if footage else None,
        "models": _models(batch),
        "clips": [_clip(clip, (usage or {}).get(clip.stem), listed) for clip in batch.clips],
        "formula": {
            "total": "sum of clips + what all clips share + earlier runs of the manifest + other"
            " manifests of the folder; a job that several of them took up counts once",
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


def folder_cost(batch: BatchResult, others: Sequence[BatchResult] = ()) -> Cost:
    """What all manifests of a folder cost, with all their runs; no job counts twice."""
    costs = [cost_of(each) for each in (batch, *others)]
    paid = [usd for each in (batch, *others) for usd in each.paid.values()]
    once = {job: usd for each in (*others, batch) for job, usd in each.paid.items()}
    twice_usd = sum(paid) - sum(once.values())
    return Cost(
        model_usd=sum(cost.model_usd for cost in costs) - twice_usd,
        aws_usd=sum(cost.aws_usd for cost in costs),
    )


def _less(one: Cost, other: Cost) -> Cost:
    """What is left of an amount; never less than nothing."""
    return Cost(
        model_usd=max(one.model_usd - other.model_usd, 0.0),
        aws_usd=max(one.aws_usd - other.aws_usd, 0.0),
    )


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
