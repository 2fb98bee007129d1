from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.catalog import ModelRow, Price, find_model
from shared.catalog.price import Verification
from shared.catalog.pricing import Quote, Unpriced, price_of, price_of_request, stale_prices
from shared.clip import Operation
from shared.jobs.request import MediaInput, VideoRequest
from tests.catalog.rows import price, row


def quote(model: ModelRow, **use: Any) -> Quote:
    answer = price_of(model, **use)
    assert isinstance(answer, Quote), answer
    return answer


def test_no_price_row_is_an_unknown_price_not_a_free_one() -> None:
    assert price_of(row(prices=[]), duration_sec=5) == Unpriced("no price of it is known")


def test_a_clip_price_says_nothing_about_other_lengths() -> None:
    model = row(prices=[price(0.5, "clip", duration_sec=5)])
    assert quote(model, duration_sec=5).high == Decimal("0.5")
    answer = price_of(model, duration_sec=10)
    assert answer == Unpriced("no price of it covers 10 s")


def test_a_price_of_one_resolution_says_nothing_about_others() -> None:
    model = row(prices=[price(0.1, "second", resolution="720p")])
    assert isinstance(price_of(model, duration_sec=5, resolution="1080p"), Unpriced)


def test_the_more_specific_price_counts() -> None:
    model = row(prices=[price(0.1, "second"), price(0.3, "second", resolution="1080p")])
    assert quote(model, duration_sec=5, resolution="1080p").high == Decimal("1.5")
    assert quote(model, duration_sec=5, resolution="720p").high == Decimal("0.5")


def test_without_a_resolution_or_a_default_the_quote_spans_them_all() -> None:
    model = row(
        prices=[price(0.1, "second", resolution="720p"), price(0.3, "second", resolution="1080p")]
    )
    both = quote(model, duration_sec=10)
    assert (both.low, both.expected, both.high) == (Decimal(1), Decimal(2), Decimal(3))
    assert both.price_row.resolution == "1080p"


def test_sound_may_have_a_price_of_its_own() -> None:
    model = row(prices=[price(0.1, "second", audio=False), price(0.2, "second", audio=True)])
    assert quote(model, duration_sec=1, audio=True).high == Decimal("0.2")
    assert quote(model, duration_sec=1, audio=False).high == Decimal("0.1")


def test_amounts_are_exact() -> None:
    assert quote(row(prices=[price(0.1, "second")]), duration_sec=3).high == Decimal("0.3")
    assert quote(row(prices=[price(0.1, "second")]), duration_sec=0.1).high == Decimal("0.01")


def test_gpu_seconds_need_to_be_known() -> None:
    model = row(prices=[price(0.001, "gpu_second")])
    assert quote(model, duration_sec=5, gpu_seconds=100).high == Decimal("0.1")
    answer = price_of(model, duration_sec=5)
    assert answer == Unpriced("it is charged per gpu_second, and how many is not known")


def test_your_own_hardware_sends_no_bill() -> None:
    free = quote(row(prices=[]), duration_sec=5, engine="worker")
    assert free.free
    assert free.verification is Verification.BY_DEFINITION


def test_a_quote_is_known_as_well_as_its_worst_price() -> None:
    known = price(1, "1m_tokens_in", verification="verified")
    guessed = price(1, "1m_tokens_out", verification="unverified")
    both = quote(row(prices=[known, guessed]), tokens_in=1, tokens_out=1)
    assert both.verification is Verification.UNVERIFIED
    assert not both.verification.spendable


def test_a_talking_avatar_costs_by_the_length_of_its_sound() -> None:
    model = find_model("infinitetalk")
    assert model is not None
    request = VideoRequest(operation=Operation.TALKING_AVATAR, model="")
    assert isinstance(price_of_request(model, request), Unpriced)
    sound = MediaInput(
        name="a.wav", content_type="audio/wav", size_bytes=1, sha256="", duration_sec=9.5
    )
    answer = price_of_request(model, request.model_copy(update={"audio": sound}))
    assert isinstance(answer, Quote)
    assert (answer.high, answer.unit_count) == (Decimal("0.30"), Decimal(10))


def test_a_price_in_credits_must_say_what_a_credit_is_worth() -> None:
    with pytest.raises(ValueError, match="usd_rate"):
        Price.model_validate(price(5, "second", currency="credit"))
    with pytest.raises(ValueError, match="below"):
        Price.model_validate(price(5, "second", amount_high=4))


def test_undated_and_old_prices_are_stale() -> None:
    rows = row(
        prices=[
            price(1, "clip"),
            price(1, "clip", as_of="2026-01-01"),
            price(1, "clip", as_of="2026-11-01"),
            price(0, "clip", verification="by_definition"),
        ]
    )
    assert stale_prices(rows, date(2026, 11, 20)) == list(rows.prices[:2])


def test_a_quote_can_be_written_down() -> None:
    document = quote(row(prices=[price(0.1, "second")]), duration_sec=5).to_dict()
    assert document["expected_usd"] == 0.5
    assert document["price"]["amount"] == 0.1


@given(
    amount=st.decimals(0, 1000, places=4),
    seconds=st.integers(1, 600),
    more=st.integers(1, 600),
    step=st.one_of(st.none(), st.integers(1, 30)),
    least=st.one_of(st.none(), st.integers(1, 30)),
)
def test_more_seconds_never_cost_less(
    amount: Decimal, seconds: int, more: int, step: int | None, least: int | None
) -> None:
    model = row(prices=[price(float(amount), "second", unit_step=step, min_units=least)])
    short, long = quote(model, duration_sec=seconds), quote(model, duration_sec=seconds + more)
    assert short.high <= long.high
    assert short.unit_count >= seconds
    assert short.unit_count < max(seconds + (step or 1), (least or 0) + 1)
