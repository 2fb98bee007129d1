import json
from dataclasses import fields

import pytest

from shared.aws_cost import AwsPriceList, Usage, aws_cost, aws_prices, clip_overhead
from shared.batch import BatchResult, Cost
from shared.report.cost import cost_document
from tests.report.conftest import done


def test_every_meter_has_one_price_and_every_price_a_meter() -> None:
    meters = [row.meter for row in aws_prices().prices]
    assert sorted(meters) == sorted(field.name for field in fields(Usage))


def test_every_price_says_who_says_so_and_since_when() -> None:
    for row in aws_prices().prices:
        assert row.source_url.startswith("https://")
        assert row.as_of.year >= 2024
        # nobody has compared them with an invoice yet; whoever does may say "verified"
        assert row.verification in ("unverified", "reported", "verified")


def test_a_clip_is_priced_by_the_meter() -> None:
    # 40 s at 10 GB, 6 invocations, 8 transitions, 9 PUTs
    usage = Usage(lambda_gb_seconds=400, lambda_requests=6, transitions=8, s3_puts=9)
    cost = aws_cost(usage)
    assert cost.parts_usd == pytest.approx(
        {
            "lambda_gb_seconds": 400 * 0.0000133334,
            "lambda_requests": 6 * 0.20 / 1e6,
            "transitions": 8 * 25 / 1e6,
            "s3_puts": 9 * 0.005 / 1000,
        }
    )
    assert cost.total_usd == pytest.approx(0.00557956)


def test_usage_adds_up_and_is_never_negative() -> None:
    assert Usage(messages=2) + Usage(messages=1, events=4) == Usage(messages=3, events=4)
    assert aws_cost(Usage()).total_usd == 0
    with pytest.raises(ValueError, match="messages is negative"):
        Usage(messages=-1)


def test_the_document_adds_up_and_shows_its_prices(batch: BatchResult) -> None:
    document = json.loads(json.dumps(cost_document(batch)))
    clips = sum(clip["total_usd"] for clip in document["clips"])
    assert document["clips_total"]["total_usd"] == pytest.approx(clips)
    shared = document["shared_by_all_clips"]["total_usd"]
    assert document["total"]["total_usd"] == pytest.approx(clips + shared) == 0.0131
    assert document["footage_sec"] == 20
    assert document["usd_per_footage_sec"] == pytest.approx(0.0131 / 20)
    assert document["prices"]["aws"]["region"] == "us-east-1"
    assert [row["model"] for row in document["prices"]["models"]] == ["camera_move"]
    assert document["models"][0]["done"] == 5


def test_metered_usage_is_shown_part_by_part(batch: BatchResult) -> None:
    document = cost_document(batch, {"harbour_dawn": Usage(s3_gets=10)})
    row = next(clip for clip in document["clips"] if clip["stem"] == "harbour_dawn")
    assert row["usage"] == {"s3_gets": 10}
    assert row["aws_parts_usd"] == {"s3_gets": 0.000004}


def test_an_open_batch_costs_what_its_clips_cost(batch: BatchResult) -> None:
    clips = (done("a", 0, cost=Cost(model_usd=0.25, aws_usd=0.01)),)
    open_batch = batch.model_copy(update={"clips": clips, "cost": Cost()})
    document = cost_document(open_batch)
    assert document["total"] == {"model_usd": 0.25, "aws_usd": 0.01, "total_usd": 0.26}


def test_another_price_list_can_be_used() -> None:
    listed = aws_prices().model_dump(mode="json")
    listed["prices"] = [{**row, "amount_usd": row["amount_usd"] * 2} for row in listed["prices"]]
    dear = AwsPriceList.model_validate(listed)
    usage = Usage(transitions=1000)
    assert aws_cost(usage, dear).total_usd == pytest.approx(2 * aws_cost(usage).total_usd)


def test_overhead_is_everything_but_encoding() -> None:
    clip = Usage(lambda_gb_seconds=52, lambda_requests=6, transitions=13, s3_puts=20)
    jobs = Usage(lambda_gb_seconds=3, lambda_requests=6, messages=18, table_writes=12)
    overhead = clip_overhead(clip, jobs, encoding_sec=5, encoding_gb=10)
    expected = Usage(
        lambda_gb_seconds=5,
        lambda_requests=12,
        transitions=13,
        s3_puts=20,
        messages=18,
        table_writes=12,
    )
    assert overhead.total_usd == pytest.approx(aws_cost(expected).total_usd)
    with pytest.raises(ValueError, match="negative"):
        clip_overhead(clip, jobs, encoding_sec=6, encoding_gb=10)
