"""What typical uses cost, written down by hand from the sources: no price changes by accident."""

from decimal import Decimal
from typing import Any

import pytest

from shared.catalog import find_model, load_catalog
from shared.catalog.price import PriceUnit
from shared.catalog.pricing import Quote, Unpriced, price_of

GOLDEN: list[tuple[str, dict[str, Any], str, str]] = [
    ("camera_move", {"duration_sec": 4}, "0", "0"),
    # WaveSpeed
    ("wavespeed/wan-2.5", {"duration_sec": 5, "resolution": "480p"}, "0.25", "0.25"),
    ("wavespeed/wan-2.5", {"duration_sec": 5}, "0.50", "0.50"),
    ("wavespeed/wan-2.5", {"duration_sec": 10, "resolution": "1080p"}, "1.50", "1.50"),
    ("wavespeed/kandinsky5-pro", {"duration_sec": 5}, "0.20", "0.20"),
    ("wavespeed/kandinsky5-pro", {"duration_sec": 5, "resolution": "1024p"}, "0.60", "0.60"),
    ("wavespeed/kling-v2.5-turbo-std", {"duration_sec": 5}, "0.21", "0.21"),
    ("wavespeed/kling-v2.5-turbo-std", {"duration_sec": 10}, "0.42", "0.42"),
    ("wavespeed/infinitetalk", {"duration_sec": 3}, "0.15", "0.15"),  # 5 s at least
    ("wavespeed/infinitetalk", {"duration_sec": 7.2}, "0.24", "0.24"),  # rounded up to 8 s
    ("wavespeed/infinitetalk", {"duration_sec": 600, "resolution": "720p"}, "36", "36"),
    ("wavespeed/hunyuan-avatar", {"duration_sec": 6}, "0.30", "0.30"),  # two started 5 s
    ("wavespeed/hunyuan-avatar", {"duration_sec": 5, "resolution": "720p"}, "0.30", "0.30"),
    ("wavespeed/wan-2.6", {"duration_sec": 5}, "0.50", "0.50"),
    ("wavespeed/wan-2.7", {"duration_sec": 5}, "0.50", "0.50"),
    ("wavespeed/wan-3.0", {"duration_sec": 5}, "0.475", "0.475"),
    ("wavespeed/wan-3.0-prime", {"duration_sec": 5}, "0.7125", "0.7125"),
    ("wavespeed/kling-v3.0-std", {"duration_sec": 5}, "0.42", "0.42"),
    ("wavespeed/kling-video-o3-std", {"duration_sec": 5}, "0.42", "0.42"),
    ("wavespeed/kling-video-o3-pro", {"duration_sec": 5}, "0.56", "0.56"),
    ("wavespeed/hunyuan-video-1.5", {"duration_sec": 5}, "0.10", "0.10"),
    ("wavespeed/hunyuan-video-1.5", {"duration_sec": 8, "resolution": "720p"}, "0.32", "0.32"),
    ("wavespeed/minimax-speech-02-hd", {"characters": 2500}, "0.125", "0.125"),
    # fal
    ("fal/kling-v2.5-turbo-std", {"duration_sec": 5}, "0.21", "0.21"),
    ("fal/kling-v2.5-turbo-std", {"duration_sec": 10}, "0.42", "0.42"),
    ("fal/kling-v2.5-turbo-pro", {"duration_sec": 5}, "0.35", "0.35"),
    ("fal/pika-2.2", {"duration_sec": 5}, "0.20", "0.20"),
    ("fal/pika-2.2", {"duration_sec": 5, "resolution": "1080p"}, "0.45", "0.45"),
    ("fal/wan-3.0", {"duration_sec": 5}, "0.50", "0.50"),
    ("fal/kandinsky5-pro", {"duration_sec": 5}, "0.20", "0.20"),
    ("fal/kandinsky5-pro", {"duration_sec": 5, "resolution": "1024p"}, "0.60", "0.60"),
    # Replicate, from memory or by the seed's claim
    ("replicate/wan-2.5-i2v", {"duration_sec": 5, "resolution": "480p"}, "0.25", "0.25"),
    ("replicate/wan-2.5-i2v", {"duration_sec": 5}, "0.50", "0.50"),
    ("replicate/wan-2.5-i2v", {"duration_sec": 5, "resolution": "1080p"}, "0.75", "0.75"),
    ("replicate/kling-v2.5-turbo-pro", {"duration_sec": 5}, "0.35", "0.35"),
    ("replicate/stable-video-diffusion", {"duration_sec": 4}, "0.01", "0.10"),
    ("replicate/zeroscope-v2-xl", {"duration_sec": 3}, "0.01", "0.10"),
    # Runway, in credits
    ("runway/gen4_turbo", {"duration_sec": 5}, "0.25", "0.25"),
    ("runway/gen4.5", {"duration_sec": 5}, "0.60", "0.60"),
    ("runway/veo3.1_fast", {"duration_sec": 8}, "0.80", "1.20"),
    ("runway/veo3.1", {"duration_sec": 8}, "1.60", "3.20"),
    ("runway/seedance2", {"duration_sec": 5}, "1.80", "1.80"),
    ("runway/gen-2", {"duration_sec": 4}, "0.05", "0.10"),
    ("runway/gen-2", {"duration_sec": 5}, "0.25", "1.25"),
    # Google
    ("google/veo-3.1", {"duration_sec": 6}, "2.40", "2.40"),
    ("google/veo-3.1", {"duration_sec": 6, "resolution": "1080p"}, "2.40", "2.40"),
    ("google/veo-3.1", {"duration_sec": 6, "resolution": "4k"}, "3.60", "3.60"),
    ("google/veo-3.1-fast", {"duration_sec": 6}, "0.60", "0.60"),
    ("google/veo-3.1-fast", {"duration_sec": 6, "resolution": "1080p"}, "0.72", "0.72"),
    ("google/veo-3.1-fast", {"duration_sec": 6, "resolution": "4k"}, "1.80", "1.80"),
    ("google/veo-3.1-lite", {"duration_sec": 6}, "0.30", "0.30"),
    ("google/veo-3.1-lite", {"duration_sec": 6, "resolution": "1080p"}, "0.48", "0.48"),
    ("google/omni-flash", {"duration_sec": 5}, "0.50", "0.50"),
    # others
    ("luma/ray-2", {"duration_sec": 5, "resolution": "540p"}, "0.40", "0.40"),
    ("luma/ray-2", {"duration_sec": 5}, "0.71", "0.71"),
    ("luma/ray-2", {"duration_sec": 5, "resolution": "1080p"}, "1.59", "1.59"),
    ("kling/kling-v3-turbo", {"duration_sec": 5}, "0.56", "0.56"),
    ("kling/kling-v3-turbo", {"duration_sec": 5, "resolution": "1080p"}, "0.70", "0.70"),
    ("minimax/hailuo-2.3", {"duration_sec": 6}, "0.28", "0.28"),
    ("minimax/h3", {"duration_sec": 5}, "0.40", "0.40"),
    ("minimax/h3", {"duration_sec": 5, "resolution": "2k"}, "0.65", "0.65"),
    ("stability/image-to-video", {}, "0.08", "0.08"),
    ("sync/lipsync-2-pro", {"duration_sec": 5}, "0.335", "0.335"),
    # images
    ("openai/gpt-image-1-mini", {"images": 1, "resolution": "1024x1024 low"}, "0.005", "0.005"),
    ("openai/gpt-image-1-mini", {"images": 1, "resolution": "1024x1024 medium"}, "0.011", "0.011"),
    ("openai/gpt-image-1-mini", {"images": 1}, "0.005", "0.036"),
    ("openai/dall-e-3", {"images": 1}, "0.04", "0.04"),
    ("bfl/flux-2-klein-4b", {"megapixels": Decimal(1)}, "0.014", "0.014"),
    ("bfl/flux-2-klein-9b", {"megapixels": Decimal(1)}, "0.015", "0.015"),
    ("bfl/flux-2-pro", {"megapixels": Decimal(4)}, "0.12", "0.12"),
    ("bfl/flux-2-max", {"megapixels": Decimal(1)}, "0.07", "0.07"),
    ("bfl/flux-2-flex", {"megapixels": Decimal(1)}, "0.05", "0.05"),
    ("stability/ultra", {"images": 1}, "0.08", "0.08"),
    ("stability/sd3.5-large", {"images": 2}, "0.13", "0.13"),
    ("stability/sd3.5-large-turbo", {"images": 1}, "0.04", "0.04"),
    ("stability/sd3.5-medium", {"images": 1}, "0.035", "0.035"),
    ("stability/core", {"images": 1}, "0.03", "0.03"),
    # voices
    ("elevenlabs/multilingual-v2", {"characters": 1_000_000}, "115", "115"),
    ("openai/gpt-4o-mini-tts", {"duration_sec": 60}, "0.015", "0.015"),
    ("xai/tts", {"characters": 1_000_000}, "4.20", "4.20"),
    # language models: two parts of one bill
    ("anthropic/claude-haiku-5.5", {"tokens_in": 10**6, "tokens_out": 10**6}, "0.60", "0.60"),
    ("anthropic/claude-sonnet-5.5", {"tokens_in": 1000, "tokens_out": 500}, "0.007", "0.007"),
    ("anthropic/claude-opus-5.5", {"tokens_in": 10**6, "tokens_out": 10**6}, "24", "24"),
    ("openai/gpt-5.6-luna", {"tokens_in": 10**6, "tokens_out": 10**6}, "1.40", "1.40"),
    ("openai/gpt-5.6-terra", {"tokens_in": 10**6, "tokens_out": 10**6}, "14", "14"),
    ("openai/gpt-5.6-sol", {"tokens_in": 10**6, "tokens_out": 10**6}, "35", "35"),
]


@pytest.mark.parametrize(("model", "use", "low", "high"), GOLDEN)
def test_a_use_costs_what_the_sources_say(
    model: str, use: dict[str, Any], low: str, high: str
) -> None:
    row = find_model(model)
    assert row is not None
    quote = price_of(row, **use)
    assert isinstance(quote, Quote)
    assert (quote.low, quote.high) == (Decimal(low), Decimal(high))
    assert quote.expected == (Decimal(low) + Decimal(high)) / 2


def test_every_price_of_the_catalogue_is_in_the_table() -> None:
    """So that no amount can change without a test that fails."""
    quoted = set()
    for model, use, _, _ in GOLDEN:
        row = find_model(model)
        assert row is not None
        quote = price_of(row, **use)
        assert isinstance(quote, Quote)
        quoted |= {(model, price) for price in quote.price_rows}
    everything = {(row.id, price) for row in load_catalog().models for price in row.prices}
    assert {(name, str(price)) for name, price in everything - quoted} == set()


def test_a_wrong_price_would_be_noticed() -> None:
    """Each amount, raised by a tenth, changes at least one golden answer."""
    for row in load_catalog().models:
        for place, price in enumerate(row.prices):
            if price.amount == 0:
                continue
            dearer = price.model_copy(
                update={
                    "amount": price.amount * Decimal("1.1"),
                    "amount_high": price.amount_high and price.amount_high * Decimal("1.1"),
                }
            )
            prices = (*row.prices[:place], dearer, *row.prices[place + 1 :])
            changed = row.model_copy(update={"prices": prices})
            uses = [use for model, use, _, _ in GOLDEN if model == row.id]
            before = [_span(price_of(row, **use)) for use in uses]
            assert before != [_span(price_of(changed, **use)) for use in uses], (row.id, price)


def _span(quote: Quote | Unpriced) -> tuple[Decimal, Decimal] | None:
    return (quote.low, quote.high) if isinstance(quote, Quote) else None


def test_every_unit_but_gpu_seconds_is_in_use() -> None:
    used = {price.unit for row in load_catalog().models for price in row.prices}
    assert set(PriceUnit) - used == {PriceUnit.GPU_SECOND}
