from datetime import date, timedelta
from pathlib import Path

import pytest

from shared.catalog import Catalog, load_catalog
from shared.catalog.docs import PAGE, check, main
from shared.catalog.page import models_page
from shared.catalog.query import list_models
from shared.catalog.standing import end_notices, why_gone
from shared.catalog.territory import excluded_from
from shared.clip import Operation
from shared.errors import ModelUnavailable
from shared.jobs.request import MediaInput, VideoRequest
from shared.routing.policy import Policy
from shared.routing.rank import rank
from shared.routing.ranking import Ranking
from tests.catalog.rows import row

LAST = date(2027, 1, 6)
ENDING = row("test/ending", ends_on=LAST.isoformat(), replacement="test/next")
NEXT = row("test/next")
CATALOG = Catalog(models=(ENDING, NEXT))


def test_the_generated_page_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    before = date(2026, 11, 21)  # whether the real day has passed an end date is `--check`'s say
    failures, _ = check(load_catalog(), PAGE, before)
    assert failures == []


def test_the_page_names_every_model() -> None:
    page = models_page(load_catalog())
    assert all(f"| `{each.id}` |" in page for each in load_catalog().models)


def ranked_on(day: date) -> Ranking:
    still = MediaInput(name="a.png", content_type="image/png", size_bytes=1, sha256="", url="u")
    request = VideoRequest(
        operation=Operation.IMAGE_TO_VIDEO, model="", prompt="x", image=still, duration_sec=5
    )
    policy = Policy(commercial=False, allow_unverified_prices=True)
    return rank(["test/ending"], request, policy, {"api:test"}, catalog=CATALOG, today=day)


def test_a_model_is_chosen_up_to_its_last_day_and_never_after() -> None:
    assert ranked_on(LAST).best_or_raise().model == ENDING.id
    with pytest.raises(ModelUnavailable, match=r"ended on 2027-01-06; use `test/next` instead"):
        ranked_on(LAST + timedelta(days=1)).best_or_raise()


@pytest.mark.parametrize(("days_before", "notices"), [(61, 0), (60, 1), (0, 1), (-1, 1)], ids=str)
def test_the_end_is_announced_sixty_days_before(days_before: int, notices: int) -> None:
    found = end_notices([ENDING], LAST - timedelta(days=days_before))
    assert len(found) == notices
    assert all(notice.overdue == (days_before < 0) for notice in found)


def test_the_check_fails_on_a_stale_page_and_never_by_the_calendar_alone(tmp_path: Path) -> None:
    page = tmp_path / "models.md"
    assert check(CATALOG, page, LAST)[0] == [
        "models.md is out of date: run `python -m shared.catalog.docs`."
    ]
    page.write_text(models_page(CATALOG), encoding="utf-8")
    failures, warnings = check(CATALOG, page, LAST - timedelta(days=5))
    assert failures == []
    assert "ends on 2027-01-06, in 5 days: replace it by `test/next`." in warnings[0]
    failures, warnings = check(CATALOG, page, LAST + timedelta(days=1))
    assert failures == []
    assert "`test/ending` ended on 2027-01-06: mark it retired, and replace it by" in warnings[0]


@pytest.mark.parametrize("day", [date(2026, 12, 2), date(2027, 1, 7), date(2036, 1, 1)], ids=str)
def test_the_shipped_catalogue_passes_on_every_day_and_offers_nothing_past_its_end(
    day: date,
) -> None:
    failures, _ = check(load_catalog(), PAGE, day)
    assert failures == []
    ended = [each for each in load_catalog().models if each.ends_on and each.ends_on < day]
    offered = {each.row.id for each in list_models(load_catalog().models, today=day)}
    assert ended
    for each in ended:
        assert each.id not in offered
        assert f"use `{each.replacement}` instead" in (why_gone(each, day) or "")


def test_whoever_takes_a_place_is_there_to_take_it() -> None:
    """Every row that ends or has gone names somebody who will outlast it."""
    catalog = load_catalog()
    for each in catalog.models:
        if each.ends_on is None and not each.status.gone:
            continue
        heir = catalog.find(each.replacement or "")
        assert heir, each.id
        assert not heir.status.gone
        assert heir.ends_on is None or (each.ends_on and heir.ends_on > each.ends_on)


def test_the_command_says_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shared.catalog.docs.PAGE", tmp_path / "models.md")
    assert main(["--check"]) == 1
    assert "models.md is out of date" in capsys.readouterr().err
    assert main([]) == 0
    assert "out of date" not in (main(["--check"]), capsys.readouterr().err)[1]


def test_what_never_was_cannot_be_chosen() -> None:
    never = row(status="unavailable")
    assert why_gone(never, LAST) == "it is not available"


def test_the_union_stands_for_its_states() -> None:
    tencent = ("EU", "GB", "KR")
    assert all(excluded_from(tencent, place) for place in ("FR", "uk", "South Korea", "EU"))
    assert not any(excluded_from(tencent, place) for place in ("US", "CH", "NO", "JP"))
    assert excluded_from(("DE",), "EU")
