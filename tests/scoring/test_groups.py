"""Which pictures are candidates for one keyframe."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.scoring.groups import GroupBy, group_pictures

STAGED = [
    "20250708_060558_stage1_generated.png",
    "20250708_060711_stage2_upscaled.png",
    "20250708_060720_stage1_generated.png",
    "20250708_060730_stage1.5_face_swapped.png",
    "20250708_060800_stage3_enhanced.png",
]


def sets(*paths: str, by: GroupBy = GroupBy.NAME) -> list[set[str]]:
    return [set(group.paths) for group in group_pictures(paths, by)]


def test_a_series_of_stages_goes_on_while_the_stage_rises() -> None:
    assert sets(*STAGED) == [set(STAGED[:2]), set(STAGED[2:])]


def test_stages_hours_apart_are_not_of_one_picture() -> None:
    assert len(sets(STAGED[0], "20250708_090711_stage2_upscaled.png")) == 2


def test_stages_without_a_time_belong_together_by_what_stands_before() -> None:
    assert sets("a_stage1.png", "a_stage2.png", "b_stage3.png") == [
        {"a_stage1.png", "a_stage2.png"},
        {"b_stage3.png"},
    ]


@pytest.mark.parametrize(
    "variant",
    ["hero_v2.png", "hero-take3.jpg", "hero (2).png", "HERO_SEED42.png", "hero_alt.webp"],
)
def test_variants_of_one_picture_are_one_group(variant: str) -> None:
    assert sets("hero.png", variant) == [{"hero.png", variant}]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("img_001.png", "img_002.png"),
        ("20250704_143022.png", "20250704_143023.png"),
        ("2025-11-20.png", "2025-11-21.png"),
        ("Screenshot 2025-11-20 14-30-22.png", "Screenshot 2025-11-20 14-30-25.png"),
        ("hero.png", "heroine.png"),
        ("take2.png", "take3.png"),
        ("a/hero.png", "b/hero_v2.png"),
    ],
)
def test_different_keyframes_stay_apart(one: str, other: str) -> None:
    assert len(sets(one, other)) == 2


def test_the_last_of_two_numbers_counts_variants() -> None:
    assert sets("img_001_1.png", "img_001_2.png", "img_002_1.png") == [
        {"img_001_1.png", "img_001_2.png"},
        {"img_002_1.png"},
    ]


def test_a_folder_can_be_a_group() -> None:
    paths = ("a/1.png", "a/2.png", "b/1.png", "c.png")
    assert sets(*paths, by=GroupBy.FOLDER) == [{"a/1.png", "a/2.png"}, {"b/1.png"}, {"c.png"}]


@given(st.sets(st.text("ab01_- v(2)stage.", min_size=1, max_size=18).map(lambda s: f"{s}.png")))
def test_every_picture_is_in_exactly_one_group(paths: set[str]) -> None:
    for by in GroupBy:
        found = [path for group in group_pictures(paths, by) for path in group.paths]
        assert sorted(found) == sorted(paths)
