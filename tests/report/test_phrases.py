import pytest

from shared.batch import BatchState, Check, ClipResult, ClipStatus
from shared.report.phrases import (
    INSPECTION,
    NEXT_STEPS,
    STATE_WORDS,
    STATUS_WORDS,
    elapsed_sec,
    money,
    next_step,
    spell_moment,
    spell_rate,
    spell_size,
    spell_time,
    spell_value,
)


def test_every_state_and_status_has_words() -> None:
    assert set(STATE_WORDS) == set(BatchState)
    assert set(STATUS_WORDS) == set(ClipStatus)
    assert set(NEXT_STEPS) == {s for s in ClipStatus if s.ended} - {ClipStatus.DONE}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (money(0), "free"),
        (money(0.00000004), "under $0.0001"),
        (money(0.00214), "$0.0021"),
        (money(1234.5), "$1,234.50"),
        (spell_time(0.04), "0.0 s"),
        (spell_time(9.96), "10.0 s"),
        (spell_time(59.7), "1 min"),
        (spell_time(199), "3 min 19 s"),
        (spell_time(7500), "2 h 5 min"),
        (spell_size(999), "999 bytes"),
        (spell_size(4_812_331), "4.8 MB"),
        (spell_size(3_200_000_000), "3.2 GB"),
        (spell_rate("30"), "30 fps"),
        (spell_rate("30000/1001"), "29.97 fps"),
        (spell_rate("odd"), "odd fps"),
        (spell_value(None), "–"),
        (spell_value(True), "yes"),
        (spell_value(0.123456, "s"), "0.1235 s"),
        (spell_value(list(range(20))), "0, 1, 2, 3, 4, 5, 6, 7 …"),
        (spell_value({"lufs": -14.0}), "lufs -14"),
        (spell_moment("2026-11-21T10:05:00+01:00"), "21 Nov 2026, 09:05 UTC"),
        (spell_moment("soon"), "soon"),
    ],
)
def test_numbers_are_said_as_people_say_them(said: str, expected: str) -> None:
    assert said == expected


def test_elapsed_needs_both_ends() -> None:
    assert elapsed_sec("2026-11-21T09:00:00Z", "2026-11-21T09:00:05+00:00") == 5
    assert elapsed_sec("2026-11-21T09:00:00Z", "") is None


def test_a_clip_that_nobody_has_made_for_sure_is_not_said_to_be_there() -> None:
    """Held because nobody knows whether a provider took the job: there is no film to look at."""
    held = ClipResult(stem="a", status=ClipStatus.NEEDS_REVIEW)
    assert "jobs resolve" in next_step(held)
    assert "_review_" not in next_step(held)
    looked_at = held.model_copy(update={"seconds": {"inspect_clip": 1.0}})
    assert "_review_" in next_step(looked_at)
    assert next_step(ClipResult(stem="a", status=ClipStatus.DONE)) == ""


@pytest.mark.parametrize(
    ("model", "check", "advice"),
    [
        ("camera_move", "warping", "gentler or shorter camera move"),
        ("camera_move", "fingerprint", "the file came out wrong"),
        ("wan2.2-ti2v-5b", "keyframe_match", "a prompt that keeps to what the keyframe shows"),
        ("wan2.2-ti2v-5b", "flash_general", "a prompt without flashing lights"),
        ("wan2.2-ti2v-5b", "warping", "another seed"),
        ("wan2.2-ti2v-5b", "decode", "the file came out wrong"),
    ],
)
def test_a_held_clip_is_advised_by_its_maker_and_its_check(
    model: str, check: str, advice: str
) -> None:
    clip = ClipResult(
        stem="a",
        status=ClipStatus.NEEDS_REVIEW,
        model=model,
        checks=(Check(name="drift", verdict="warn"), Check(name=check, verdict="fail")),
        seconds={INSPECTION: 1.0},
    )
    assert advice in next_step(clip)
    assert ("camera move" in next_step(clip)) == (advice.endswith("camera move"))
