"""One batch with every kind of keyframe: the good ones are made, each bad one says why."""

from typing import Any

import pytest

from tests.cloud.pictures import BAD, GOOD
from tests.cloud.town import Town
from tests.pipeline.house import SMALL, picture

pytestmark = pytest.mark.cloud

BATCH = "every-keyframe"

ASKED: dict[str, tuple[dict[str, Any], str]] = {
    "inverted": ({"motion": {"start_rect": [0.9, 0.1, 0.1, 0.9]}}, "start_rect"),
    "outside": ({"motion": {"start_rect": [0.5, 0.5, 1.5, 1.5]}}, "start_rect"),
    "no-area": ({"motion": {"end_rect": [0.5, 0.5, 0.5, 0.5]}}, "end_rect"),
    "no-time": ({"motion": {"duration_sec": 0}}, "duration_sec"),
    "back-in-time": ({"motion": {"duration_sec": -1}}, "duration_sec"),
    "for-ever": ({"motion": {"duration_sec": 1e9}}, "duration_sec"),
    "no-rate": ({"finish": {"fps": 0}}, "fps"),
    "racing-rate": ({"finish": {"fps": 1000}}, "fps"),
    "wrong-type": ({"motion": {"intensity": "strong"}}, "intensity"),
    "misspelt": ({"motion": {"durations_sec": 3}}, "Did you mean `duration_sec`?"),
    "no-such-model": ({"route": ["svd-xxl-nope"]}, "not the name of a model"),
    "too-fast": (
        {
            "motion": {
                "type": "zoom_in",
                "start_rect": [0, 0, 1, 1],
                "end_rect": [0.4, 0.4, 0.6, 0.6],
                "duration_sec": 0.2,
            }
        },
        "viewport widths a second",
    ),
}
"""Stem → what is asked of a good picture, and words that the refusal must hold."""

PATHS = {
    "../outside.png": "..",
    "/absolute.png": "absolute",
    "s3://another-bucket/a.png": "address",
    "__crop/a.png": "protected",
}
MISSING = "never-dropped.png"


@pytest.fixture(scope="module")
def done(town: Town) -> Town:
    """The batch, with the manifest dropped in the middle of its images."""
    entries: list[dict[str, Any]] = [
        {"image_path": name} for name in (*GOOD, *BAD, *PATHS, MISSING)
    ]
    entries += [{"image_path": f"{stem}.png", **asked} for stem, (asked, _) in ASKED.items()]
    images = {**GOOD, **{name: data for name, (data, _) in BAD.items()}}
    images |= {f"{stem}.png": picture(seed=9) for stem in ASKED}
    names = list(images)
    for name in names[:10]:
        town.put(BATCH, name, images[name])
    town.put(BATCH, "manifest.json", {"defaults": SMALL, "keyframes": entries})
    for name in names[10:]:
        town.put(BATCH, name, images[name])
    town.ended(BATCH)
    return town


def test_the_batch_finishes_and_counts_everything(done: Town) -> None:
    run = done.run(BATCH)
    rejected = len(BAD) + len(PATHS) + len(ASKED) + 1
    assert run["state"] == "finished"
    assert run["counts"] == {"total": len(GOOD) + rejected, "done": len(GOOD), "rejected": rejected}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_picture_becomes_a_clip(done: Town, name: str) -> None:
    stem = name.rpartition(".")[0]
    clip = done.clips(BATCH)[stem]
    assert clip["status"] == "done", clip
    library = done.library(BATCH)
    for ending in (".mp4", ".proxy.mp4", ".poster.jpg", ".video_meta.json"):
        assert library[stem + ending] > 0
    assert library[name] == len(GOOD[name])


def test_a_picture_on_its_side_is_made_upright(done: Town) -> None:
    video = done.clips(BATCH)["turned"]["video"]
    assert video["height"] > video["width"]


@pytest.mark.parametrize(
    ("stem", "word"),
    [("deep", "16-bit"), ("moving", "animated"), ("jpeg-inside", "JPEG by content")],
)
def test_what_was_changed_about_a_picture_is_told(done: Town, stem: str, word: str) -> None:
    assert word in " ".join(done.clips(BATCH)[stem].get("warnings", ()))


def refusal(done: Town, stem: str) -> str:
    clip = done.clips(BATCH)[stem]
    assert clip["status"] == "rejected", clip
    return " ".join(clip["reasons"])


@pytest.mark.parametrize("name", BAD)
def test_a_bad_picture_is_refused_with_its_name_and_the_reason(done: Town, name: str) -> None:
    reason = refusal(done, name.rpartition(".")[0])
    assert name in reason
    assert BAD[name][1] in reason
    assert name in done.answer(BATCH, "_ERRORS.md")


@pytest.mark.parametrize("stem", ASKED)
def test_an_impossible_wish_is_refused_with_its_field(done: Town, stem: str) -> None:
    words = ASKED[stem][1]
    assert words in refusal(done, stem)
    assert stem in done.answer(BATCH, "_ERRORS.md")


@pytest.mark.parametrize("path", PATHS)
def test_a_path_with_a_trick_is_refused_and_read_from_nowhere(done: Town, path: str) -> None:
    reasons = [" ".join(clip.get("reasons", ())) for clip in done.run(BATCH)["clips"]]
    assert any(PATHS[path] in reason for reason in reasons)


def test_a_keyframe_that_never_came_is_named_after_the_wait(done: Town) -> None:
    assert f"`{MISSING}` did not arrive" in refusal(done, "never-dropped")


def test_every_clip_is_told_once_with_its_type_and_attributes(done: Town) -> None:
    done.told(BATCH, "batch_done")
    told = done.told(BATCH, "clip_done", "clip_failed")
    assert sorted(
        each["body"]["stem"] for each in told if each["body"]["type"] == "clip_done"
    ) == sorted(name.rpartition(".")[0] for name in GOOD)
    for each in told:
        assert each["attributes"]["type"] == each["body"]["type"]
        assert each["attributes"]["project"] == "film"
        assert each["attributes"]["batch"] == BATCH


def test_the_end_of_the_batch_is_told_with_its_counts_and_cost(done: Town) -> None:
    (end,) = done.told(BATCH, "batch_done")
    assert end["body"]["counts"]["done"] == len(GOOD)
    assert end["body"]["cost_usd"] > 0
    assert end["subject"].isascii()
    assert len(end["subject"]) < 100
