"""Filter first, rank second; what was filtered never runs."""

from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.catalog import Catalog, ModelRow, load_catalog
from shared.catalog.model import CAMERA_MOVE, OWN_ENGINES, Commercial
from shared.catalog.territory import excluded_from
from shared.clip import Operation
from shared.errors import ModelUnavailable
from shared.gpu_jobs.price import price_anywhere
from shared.jobs.request import MediaInput, VideoRequest
from shared.routing import Policy, Privacy, Ranking, presets, rank
from tests.catalog.rows import price, row

TODAY = date(2026, 11, 21)
KEYFRAME = MediaInput(
    name="k.png", content_type="image/png", size_bytes=1000, sha256="", width=1280, height=720
)
KLING, WAN = "wavespeed/kling-v2.5-turbo-std", "wavespeed/wan-2.5"
ENGINES = frozenset(engine for each in load_catalog().models for engine in each.engines)


def ask(**more: Any) -> VideoRequest:
    given = {"operation": Operation.IMAGE_TO_VIDEO, "prompt": "x", "duration_sec": 5}
    return VideoRequest.model_validate({"model": "", "image": KEYFRAME, **given, **more})


def ranked(route: list[str], policy: Policy | None = None, **more: Any) -> Ranking:
    request = more.pop("request", None) or ask()
    engines = more.pop("engines", ENGINES)
    return rank(route, request, policy or Policy(), engines, today=TODAY, **more)


def models(ranking: Ranking) -> list[str]:
    return [each.model for each in ranking.candidates]


def why_not(ranking: Ranking, model: str) -> str:
    [found] = [each for each in ranking.rejected if each.model == model]
    return "; ".join(found.reasons)


SHOP = Catalog(
    models=(
        row(
            "own/good",
            engine="modal",
            provider="local",
            quality={"score": 0.7},
            also_on=["worker"],
            prices=[price(0.4, "clip")],
        ),
        row("a/cheap", provider="a", quality={"score": 0.5}, prices=[price(0.01, "second")]),
        row("b/fine", provider="b", quality={"score": 0.8}, prices=[price(0.05, "second")]),
        row("c/best", provider="c", quality={"score": 0.95}, prices=[price(0.40, "second")]),
        row(
            "d/gift",
            provider="d",
            quality={"score": 0.4},
            prices=[price(0.02, "second")],
            free_tier="ten clips a month",
        ),
    )
)
SHOP_ENGINES = frozenset(engine for each in SHOP.models for engine in each.engines)


def shop(route: list[str], policy: Policy | None = None, **more: Any) -> Ranking:
    return ranked(route, policy, **{"catalog": SHOP, "engines": SHOP_ENGINES, **more})


@pytest.mark.parametrize(
    ("preset", "order"),
    [
        ("min_cost", ["own/good", "a/cheap", "d/gift", "b/fine", "own/good", "c/best"]),
        ("best_quality", ["c/best", "b/fine", "own/good", "own/good", "a/cheap", "d/gift"]),
        ("balanced", ["b/fine", "a/cheap", "d/gift", "c/best", "own/good", "own/good"]),
        ("hybrid", ["own/good", "own/good", "b/fine", "a/cheap", "c/best", "d/gift"]),
        ("free_first", ["own/good", "d/gift", "a/cheap", "b/fine", "own/good", "c/best"]),
    ],
)
def test_each_preset_has_the_order_of_its_seed(preset: str, order: list[str]) -> None:
    assert models(shop([preset])) == order
    assert set(presets()) == {"min_cost", "best_quality", "balanced", "hybrid", "free_first"}


def test_own_hardware_comes_before_rented_gpus() -> None:
    engines = [each.engine for each in shop(["hybrid"]).candidates if each.model == "own/good"]
    assert engines == ["worker", "modal"]


def test_on_rented_gpus_the_distilled_models_come_first_and_by_measured_seconds() -> None:
    unverified, prices = Policy(allow_unverified_prices=True), partial(price_anywhere, {})
    orders = {
        preset: ranked([preset], unverified, engines={"modal"}, price=prices).candidates
        for preset in ("hybrid", "min_cost", "best_quality")
    }
    first = {preset: candidates[0].model for preset, candidates in orders.items()}
    assert first["hybrid"] == "wan2.2-i2v-a14b-4step"
    assert first["min_cost"] == "ltx-video-2b"
    assert first["best_quality"] not in (first["hybrid"], first["min_cost"])
    assert "measured on NVIDIA H200" in orders["hybrid"][0].quote.basis


def test_a_list_keeps_its_order_and_may_mix_presets_and_models() -> None:
    assert models(shop(["c/best", "a/cheap"])) == ["c/best", "a/cheap"]
    mixed = models(shop(["d/gift", "best_quality"]))
    assert mixed[:3] == ["d/gift", "c/best", "b/fine"]
    assert mixed.count("d/gift") == 1


def test_an_unknown_word_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ModelUnavailable) as caught:
        ranked([KLING, "balnced"])
    [problem] = caught.value.problems
    assert problem.path == "route[1]"
    assert "Did you mean `balanced`?" in problem.hint
    with pytest.raises(ModelUnavailable, match="is empty"):
        ranked([])


def test_a_policy_filters_before_anything_is_compared() -> None:
    nc = row("n/c", provider="n", commercial="no", licence="CC-BY-NC-4.0")
    tencent = row("t/x", provider="t", territory_excluded=["EU", "GB", "KR"], origin="CN")
    catalog = Catalog(models=(nc, tencent))
    both: dict[str, Any] = {"catalog": catalog, "engines": {"api:n", "api:t"}}
    route = ["n/c", "t/x"]
    assert "forbids commercial use" in why_not(ranked(route, **both), "n/c")
    assert models(ranked(route, Policy(commercial=False), **both)) == route
    korea = ranked(route, Policy(territory=("kr",)), **both)
    assert "does not hold in KR" in why_not(korea, "t/x")
    denied = ranked(route, Policy(commercial=False, origins_denied=("CN",)), **both)
    assert models(denied) == ["n/c"]
    only = ranked(route, Policy(commercial=False, origins_allowed=("CN",)), **both)
    assert models(only) == ["t/x"]
    assert "below 0.6" in why_not(ranked(["t/x"], Policy(min_quality=0.6), **both), "t/x")


def test_private_files_stay_with_our_own_code() -> None:
    private = shop(["hybrid"], Policy(privacy=Privacy.LOCAL_ONLY))
    assert {each.engine for each in private.candidates} == {"worker", "modal"}
    assert "files may not leave" in why_not(private, "b/fine")


def test_a_clip_never_costs_more_than_the_policy_allows() -> None:
    capped = shop(["best_quality"], Policy(max_price_per_clip_usd=Decimal("0.25")))
    assert "c/best" not in models(capped)
    assert "it may cost USD 2.0" in why_not(capped, "c/best")
    assert "b/fine" in models(capped)  # exactly 0.25


def test_no_money_is_spent_on_an_unknown_or_unchecked_price() -> None:
    unknown = row("u/x", provider="u", prices=[])
    claimed = row("v/x", provider="v", prices=[price(0.1, "second", verification="unverified")])
    catalog = Catalog(models=(unknown, claimed))
    more: dict[str, Any] = {"catalog": catalog, "engines": {"api:u", "api:v"}}
    strict = ranked(["u/x", "v/x"], **more)
    assert models(strict) == []
    assert "unknown price" in why_not(strict, "u/x")
    assert "nobody has checked its price" in why_not(strict, "v/x")
    lenient = Policy(allow_unverified_prices=True)
    assert models(ranked(["u/x", "v/x"], lenient, **more)) == ["v/x"]


def test_health_and_engines() -> None:
    sick = shop(["b/fine", "c/best"], health={"api:b": "five failures in a row"})
    assert models(sick) == ["c/best"]
    assert "paused: five failures" in why_not(sick, "b/fine")
    alone = shop(["hybrid"], engines={"api:c"})
    assert models(alone) == ["c/best"]
    assert "its engine `modal` is not available" in why_not(alone, "own/good")


def test_legacy_models_run_only_by_name_and_gone_ones_never() -> None:
    old = row("o/old", provider="o", status="legacy")
    gone = row("o/gone", provider="o", status="retired", replacement="o/old")
    past = row("o/past", provider="o", ends_on="2026-11-20")
    catalog = Catalog(models=(old, gone, past))
    more: dict[str, Any] = {"catalog": catalog, "engines": {"api:o"}}
    assert models(ranked(["hybrid"], **more)) == []
    assert models(ranked(["o/old"], **more)) == ["o/old"]
    named = ranked(["o/gone", "o/past"], **more)
    assert why_not(named, "o/gone") == "it is retired; use `o/old` instead"
    assert why_not(named, "o/past") == "it ended on 2026-11-20"


def test_what_a_model_cannot_do_is_told_with_the_nearest_alternative() -> None:
    seeded = ranked([KLING, WAN], request=ask(seed=1))
    assert models(seeded) == [WAN]
    assert "does not take a seed" in why_not(seeded, KLING)


def test_a_camera_move_stands_in_only_where_somebody_opted_in() -> None:
    here: dict[str, Any] = {"engines": {"camera_move"}}
    assert models(ranked(["hybrid"], **here)) == []
    assert models(ranked(["hybrid", CAMERA_MOVE], **here)) == [CAMERA_MOVE]
    opted = Policy(allow_camera_move=True, origins_allowed=("US",), min_quality=0.9)
    assert models(ranked(["hybrid"], opted, **here)) == [CAMERA_MOVE]
    everything = ranked(["best_quality"], Policy(allow_camera_move=True))
    assert models(everything)[-1] == CAMERA_MOVE
    sound = KEYFRAME.model_copy(update={"content_type": "audio/wav", "duration_sec": 5.0})
    avatar = ask(operation=Operation.TALKING_AVATAR, audio=sound, duration_sec=None)
    assert models(ranked(["hybrid"], opted, request=avatar, **here)) == []


def test_a_camera_move_is_a_presets_own_choice_where_it_is_asked_for() -> None:
    move = ask(operation=Operation.CAMERA_MOVE, duration_sec=4, resolution="1080p")
    assert models(ranked(["hybrid"], request=move)) == [CAMERA_MOVE]


def test_when_nobody_may_try_every_reason_and_the_way_out_are_told() -> None:
    with pytest.raises(ModelUnavailable) as caught:
        ranked([KLING, "sora-2"], engines={"camera_move"}).best_or_raise()
    [problem] = caught.value.problems
    assert f"`{KLING}` on `api:wavespeed`: its engine `api:wavespeed` is not av" in problem.message
    assert (
        "`openai/sora-2`: it is retired since 2026-09-24; use `google/veo-3.1`" in problem.message
    )
    assert f'"route": ["{KLING}", "openai/sora-2", "camera_move"]' in problem.hint


def test_a_clip_may_be_made_longer_and_trimmed_where_that_is_allowed() -> None:
    short = ask(duration_sec=4)
    assert "makes 5 or 10 s, not 4 s" in why_not(ranked([KLING, WAN], request=short), KLING)
    trimmed = ranked([KLING, WAN], request=short, may_trim=True)
    assert [(each.model, each.duration_sec) for each in trimmed.candidates] == [
        (KLING, 5),
        (WAN, 4),
    ]
    assert trimmed.candidates[0].quote.high == Decimal("0.21")
    assert models(ranked([KLING], request=ask(duration_sec=11), may_trim=True)) == []


def test_the_choice_is_explained() -> None:
    ranking = ranked([WAN, KLING, "sora-2"])
    assert ranking.best_or_raise().model == WAN
    text = "\n".join(ranking.explanation())
    assert f"`{WAN}` on `api:wavespeed`: the route names it." in text
    assert "It is expected to cost USD 0.50; price reported (third-party copy" in text
    assert "2026-02-01" in text
    assert "Its quality is 0.78 (assumed)." in text
    assert f"Next would be `{KLING}`." in text
    assert "Passed over `openai/sora-2`: it is retired since 2026-09-24" in text
    second = ranking.explanation(ranking.candidates[1])
    assert f"It came after `{WAN}`." in second
    assert ranking.to_dict()["candidates"][0]["quote"]["expected_usd"] == 0.5


def test_a_pricer_may_know_what_the_catalogue_cannot() -> None:
    from shared.catalog.pricing import price_of_request  # noqa: PLC0415

    gpu = row("g/x", provider="local", engine="modal", prices=[price(0.001, "gpu_second")])
    catalog = Catalog(models=(gpu,))
    assert models(ranked(["g/x"], catalog=catalog)) == []
    known = ranked(
        ["g/x"],
        catalog=catalog,
        price=lambda row, request, engine: price_of_request(
            row, request, engine=engine, gpu_seconds=60
        ),
    )
    assert known.best_or_raise().quote.high == Decimal("0.06")


POLICIES = st.builds(
    Policy,
    commercial=st.booleans(),
    territory=st.sampled_from([(), ("KR",), ("US",), ("DE", "JP")]),
    privacy=st.sampled_from(Privacy),
    max_price_per_clip_usd=st.none() | st.decimals(0, 3, places=2),
    origins_denied=st.sampled_from([(), ("CN",), ("US", "RU")]),
    allow_camera_move=st.booleans(),
    allow_unverified_prices=st.booleans(),
)
ROUTES = st.lists(
    st.sampled_from([*presets(), *(each.id for each in load_catalog().models if each.operations)]),
    min_size=1,
    max_size=3,
)
REQUESTS = st.builds(
    ask,
    operation=st.sampled_from([Operation.IMAGE_TO_VIDEO, Operation.TEXT_TO_VIDEO]),
    duration_sec=st.sampled_from([5, 6, 8]),
    seed=st.none() | st.just(1),
    resolution=st.sampled_from([None, "720p", "1080p"]),
)


@settings(max_examples=60)
@given(ROUTES, REQUESTS, POLICIES, st.sets(st.sampled_from(sorted(ENGINES))))
def test_a_filtered_model_is_never_a_candidate(
    route: list[str], request: VideoRequest, policy: Policy, engines: set[str]
) -> None:
    for candidate in ranked(route, policy, request=request, engines=engines).candidates:
        found = load_catalog().find(candidate.model)
        assert found is not None
        assert not found.status.gone
        assert not found.not_yet
        assert candidate.engine in engines & set(found.engines)
        assert not (policy.commercial and found.commercial is Commercial.NO)
        assert not any(excluded_from(found.territory_excluded, at) for at in policy.territory)
        assert policy.privacy is Privacy.ANY or candidate.engine in OWN_ENGINES
        assert policy.affords(candidate.quote.high)
        assert policy.allow_unverified_prices or candidate.quote.verification.spendable
        assert found.id == CAMERA_MOVE or found.origin not in policy.origins_denied
        assert found.id == CAMERA_MOVE or request.operation in found.operations


@settings(max_examples=25)
@given(ROUTES, REQUESTS, POLICIES, st.randoms(use_true_random=False))
def test_the_order_of_the_catalogue_does_not_matter(
    route: list[str], request: VideoRequest, policy: Policy, random: Any
) -> None:
    rows: list[ModelRow] = list(load_catalog().models)
    random.shuffle(rows)
    mixed = ranked(route, policy, request=request, catalog=Catalog(models=tuple(rows)))
    assert mixed.to_dict() == ranked(route, policy, request=request).to_dict()


@settings(max_examples=25)
@given(st.sampled_from(sorted(presets())), REQUESTS, st.data())
def test_how_two_models_compare_does_not_depend_on_the_others(
    preset: str, request: VideoRequest, data: st.DataObject
) -> None:
    everyone = [each.key for each in ranked([preset], request=request).candidates]
    left = data.draw(st.sets(st.sampled_from(sorted(ENGINES))))
    some = [each.key for each in ranked([preset], request=request, engines=left).candidates]
    assert some == [key for key in everyone if key in some]
