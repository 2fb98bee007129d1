"""Keyframes are scored before anything is spent, and what a low score leads to."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageFilter

from shared.clip import ScoreAction
from shared.scoring.policy import ScoringPolicy
from tests.pipeline.house import SMALL, House, build_house

PHOTO = Path(__file__).parents[2] / "examples" / "first-batch" / "coffee.png"


def photo(blur: float = 0.0) -> bytes:
    image = Image.open(PHOTO).convert("RGB").filter(ImageFilter.GaussianBlur(blur))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def house() -> House:
    house = build_house()
    house.put("sharp.png", photo())
    house.put("soft.png", photo(blur=6))
    return house


def asked(house: House, policy: ScoringPolicy) -> None:
    house.services = replace(house.services, scoring=lambda _project: policy)


def make(house: House, **scoring: Any) -> None:
    defaults = {**SMALL, **({"scoring": scoring} if scoring else {})}
    keyframes = [{"image_path": "sharp.png"}, {"image_path": "soft.png"}]
    house.drop("manifest.json", {"defaults": defaults, "keyframes": keyframes})
    house.work()


def test_scores_are_in_the_metadata_and_in_the_status(house: House) -> None:
    make(house)
    meta = house.in_library("sharp.video_meta.json")["keyframe_scores"]
    assert meta["method"] == "classical"
    assert len(meta["why_viability"]) == 3
    told = house.clip("sharp")["scores"]
    assert told["video_viability_score"] == meta["video_viability_score"]
    assert told["aesthetic_score"] == meta["aesthetic_score"]
    assert told["video_viability_score"] > house.clip("soft")["scores"]["video_viability_score"]


def test_a_low_score_is_flagged_where_nobody_says_otherwise(house: House) -> None:
    make(house)
    assert house.clip("soft")["status"] == "done"
    assert any("how well it will animate" in each for each in house.clip("soft")["warnings"])
    assert "warnings" not in house.clip("sharp") or not any(
        "animate" in each for each in house.clip("sharp")["warnings"]
    )


def test_a_project_can_reject_low_scores_before_anything_is_made(house: House) -> None:
    asked(house, ScoringPolicy(policy=ScoreAction.REJECT, min_score=0.5))
    make(house)
    assert house.clip("sharp")["status"] == "done"
    clip = house.clip("soft")
    assert clip["status"] == "rejected"
    assert clip["scores"]["video_viability_score"] < 0.5
    assert "soft.mp4" not in house.library()
    errors = house.answer("_ERRORS.md")
    assert "soft.png" in errors
    assert "the least is 0.50" in errors
    assert f"scores {clip['scores']['video_viability_score']:.2f}" in errors
    assert errors.count("(sharpness ") == 2
    assert "in focus" in errors  # what to do


def test_a_manifest_can_be_stricter_than_the_project(house: House) -> None:
    asked(house, ScoringPolicy(policy=ScoreAction.FLAG, min_score=0.1))
    make(house, policy="reject", min_score=0.5)
    assert house.clip("soft")["status"] == "rejected"


def test_a_manifest_cannot_be_milder_and_is_told_so(house: House) -> None:
    asked(house, ScoringPolicy(policy=ScoreAction.REJECT, min_score=0.5))
    make(house, policy="ignore", min_score=0.0)
    assert house.clip("soft")["status"] == "rejected"
    denied = house.in_library("sharp.video_meta.json")["deviations"]
    assert [(each["field"], each["asked"], each["used"]) for each in denied] == [
        ("scoring.policy", "ignore", "reject"),
        ("scoring.min_score", 0.0, 0.5),
    ]


def test_what_is_asked_of_keyframes_does_not_make_another_clip(house: House) -> None:
    make(house)
    before = house.in_library("sharp.video_meta.json")["clip_key"]
    asked(house, ScoringPolicy(policy=ScoreAction.IGNORE))
    make(house, min_score=0.9)
    after = house.in_library("sharp.video_meta.json")
    assert after["clip_key"] == before
    assert after["reused"]


def test_a_policy_that_ignores_says_nothing(house: House) -> None:
    asked(house, ScoringPolicy(policy=ScoreAction.IGNORE, min_score=1.0))
    make(house)
    assert house.clip("soft")["status"] == "done"
    assert not any("animate" in each for each in house.clip("soft").get("warnings", ()))
