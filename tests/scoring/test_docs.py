"""The page about scores says what the code does."""

from pathlib import Path

from shared.scoring.classical import STRICTNESS
from shared.scoring.labels import COLUMNS
from shared.scoring.policy import DEFAULT_MIN_SCORE
from shared.scoring.rubric import RUBRIC, USUAL
from shared.scoring.training_data import MIN_GROUPS, MIN_LABELS

PAGE = (Path(__file__).parents[2] / "docs" / "scoring.md").read_text("utf-8")


def rows() -> list[str]:
    """The table of features, as the page has it."""
    return [
        f"| `{row.name}` | {', '.join(f'{at:g} → {worth:g}' for at, worth in row.ramp)} "
        f"| {row.aesthetic:g} | {row.viability:g} |"
        for row in RUBRIC
    ]


def test_every_feature_stands_in_the_table_with_its_ramp_and_weights() -> None:
    for row in rows():
        assert row in PAGE


def test_the_numbers_in_the_text_are_the_codes() -> None:
    for said in (
        f"to the power of {STRICTNESS:g}",
        f"worth {USUAL:g}",
        f"`flag` below {DEFAULT_MIN_SCORE:g}",
        f"fewer than {MIN_LABELS} labels",
        f"fewer than {MIN_GROUPS} groups",
        ",".join(COLUMNS),
    ):
        assert said in PAGE, said
