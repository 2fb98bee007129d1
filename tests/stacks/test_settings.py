"""Settings: where they come from, and what they refuse."""

from typing import Any

import pytest

from stacks.settings import RETENTION_DAYS, Removal, Settings, SettingsError, read_settings

CONTEXT: dict[str, Any] = {
    "dropreel": {
        "prod": {},
        "local": {"max_concurrency": 2, "stateful_removal": "destroy"},
    }
}


def reading(**given: Any) -> Settings:
    return read_settings({**CONTEXT, **given}.get)


def test_without_a_word_it_is_prod_with_the_defaults() -> None:
    assert reading() == Settings()
    assert reading().stateful_removal is Removal.RETAIN
    assert reading().termination_protection


def test_a_stage_brings_its_block() -> None:
    settings = reading(stage="local")
    assert (settings.stage, settings.max_concurrency) == ("local", 2)
    assert settings.destroy


def test_the_command_line_wins_and_speaks_in_strings() -> None:
    settings = reading(stage="local", max_concurrency="7", termination_protection="false")
    assert settings.max_concurrency == 7
    assert not settings.termination_protection


@pytest.mark.parametrize(
    ("setting", "value", "allowed"),
    [
        ("finish_memory_mb", "512", "1769 to 10240"),
        ("max_concurrency", "0", "1 to 1000"),
        ("keyframe_wait_sec", "43201", "1 to 43200"),
        ("log_retention_days", "8", "must be one of 1, 3, 5, 7"),
        ("alarm_email", "nobody", "ops@example.com"),
        ("stateful_removal", "maybe", "'retain' or 'destroy'"),
    ],
)
def test_a_refusal_names_the_setting_and_what_it_may_be(
    setting: str, value: str, allowed: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        reading(**{setting: value})
    assert str(refused.value).startswith(f"{setting}: ")
    assert allowed in str(refused.value)


def test_an_unknown_stage_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match="use local, prod"):
        reading(stage="staging")


def test_an_unknown_setting_of_a_stage_is_refused() -> None:
    with pytest.raises(SettingsError, match="colour: there is no such setting"):
        read_settings({"dropreel": {"prod": {"colour": "red"}}}.get)


def test_the_longest_wait_for_keyframes_fits_into_one_execution() -> None:
    """25,000 history events; a look, a choice and a wait are nine, every 30 seconds."""
    longest = next(
        rule.le
        for rule in Settings.model_fields["keyframe_wait_sec"].metadata
        if hasattr(rule, "le")
    )
    assert longest / 30 * 9 < 25_000


def test_every_retention_has_a_name_in_the_library() -> None:
    from stacks.retention import log_retention  # noqa: PLC0415 - starts Node

    names = {log_retention(Settings(log_retention_days=days)).name for days in RETENTION_DAYS}
    assert len(names) == len(RETENTION_DAYS)
    assert log_retention(Settings(log_retention_days=30)).name == "ONE_MONTH"
