from datetime import date, timedelta
from pathlib import Path

import pytest

from shared.catalog import Catalog, ModelStatus, load_catalog
from shared.catalog.docs import PAGE, check, main
from shared.catalog.page import models_page
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


def test_the_check_fails_on_a_stale_page_and_on_an_overdue_model(tmp_path: Path) -> None:
    page = tmp_path / "models.md"
    assert check(CATALOG, page, LAST)[0] == [
        "models.md is out of date: run `python -m shared.catalog.docs`."
    ]
    page.write_text(models_page(CATALOG), encoding="utf-8")
    failures, warnings = check(CATALOG, page, LAST - timedelta(days=5))
    assert failures == []
    assert "ends on 2027-01-06, in 5 days: replace it by `test/next`." in warnings[0]
    failures, _ = check(CATALOG, page, LAST + timedelta(days=1))
    assert failures == [
        "`test/ending` ended on 2027-01-06: mark it retired, and replace it by `test/next`."
    ]


def test_an_overdue_legacy_model_only_warns() -> None:
    [notice] = end_notices(
        [ENDING.model_copy(update={"status": ModelStatus.LEGACY})], LAST + timedelta(days=1)
    )
    assert not notice.overdue


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
