import unicodedata
from pathlib import Path

import pytest

from shared.manifest.names import (
    find_all_companions_including_video,
    find_companion_keys,
    is_dry_run,
    is_image,
    is_manifest,
    is_reserved_stem,
    is_sidecar,
    marker_of,
    same_stem,
    stem_of,
)


@pytest.mark.parametrize(
    "name",
    [
        "manifest.json",
        "MANIFEST.JSON",
        "video_manifest.json",
        "video_generation_manifest.json",
        "img_001.video_manifest.json",
        "p/b/Manifest.Json",
        "my batch.dry-run.manifest.json",
        "manifest.json.txt",
        "Day 1.dry-run.manifest.json.TXT",
    ],
)
def test_every_name_of_the_seed_is_a_manifest(name: str) -> None:
    assert is_manifest(name)


@pytest.mark.parametrize(
    "name", ["_manifest.json", "p/_video_manifest.json", "manifest.yaml", "manifest.json.bak", "x"]
)
def test_other_names_and_our_own_are_no_manifest(name: str) -> None:
    assert not is_manifest(name)


def test_a_folder_of_ours_does_not_hide_what_lies_in_it() -> None:
    assert is_image("__video_keyframes/img_001.png")


def test_a_dry_run_is_told_by_its_suffix() -> None:
    assert is_dry_run("a.Dry-Run.manifest.json")
    assert not is_dry_run("manifest.json")
    assert not is_dry_run("_a.dry-run.manifest.json")


@pytest.mark.parametrize(
    "name", ["a.png", "A.JPG", "b.jpeg", "c.webp", "d.TIFF", "e.heic", "ü 1.avif"]
)
def test_pictures_are_told_by_extension(name: str) -> None:
    assert is_image(name)


@pytest.mark.parametrize("name", ["a.svg", "png", ".png", "_a.png", "a.png.txt", "folder/"])
def test_other_files_are_no_pictures(name: str) -> None:
    assert not is_image(name)


def test_markers_are_whole_names() -> None:
    assert marker_of("p/b/CANCEL") == "CANCEL"
    assert marker_of("approved") == "APPROVED"
    assert marker_of("denied.txt") is None


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("img_001.png", "img_001"),
        ("img.v2.png", "img.v2"),
        ("p/b/img_001.motion.json", "img_001"),
        ("img_001.Video_Meta.JSON", "img_001"),
        ("img_001.video_manifest.json", "img_001"),
        ("img_001", "img_001"),
    ],
)
def test_a_keyframe_and_its_companions_share_the_stem(name: str, stem: str) -> None:
    assert stem_of(name) == stem


def test_composed_and_decomposed_names_are_the_same() -> None:
    composed, decomposed = (unicodedata.normalize(form, "Bébé.png") for form in ("NFC", "NFD"))
    assert composed != decomposed
    assert same_stem(composed, decomposed)


def test_stems_that_collide_with_published_files_are_reserved() -> None:
    assert is_reserved_stem("a.Poster")
    assert is_reserved_stem("contact_sheet")
    assert not is_reserved_stem("poster")


def test_companions_are_found_in_the_keyframes_folder(tmp_path: Path) -> None:
    names = ["a.png", "a.yaml", "a.caption", "A.motion.json", "a.mp4", "a.mov", "a.video_meta.json"]
    for name in [*names, "a.video_manifest.json", "ab.caption", "a.b.yaml", "a.proxy.mp4"]:
        (tmp_path / name).touch()
    found = find_all_companions_including_video(tmp_path / "a.png")
    assert {path.name for path in found} == {*names[1:], "a.video_manifest.json"}


def test_siblings_may_be_given_instead_of_listed(tmp_path: Path) -> None:
    siblings = [tmp_path / "a.txt", tmp_path / "b.txt"]
    assert find_all_companions_including_video(tmp_path / "a.png", siblings) == siblings[:1]


def test_companion_keys_lie_under_the_same_prefix() -> None:
    keys = ["p/b/a.motion.json", "p/c/a.motion.json", "p/b/x/a.yaml", "p/b/a.png", "p/b/a.YML"]
    assert find_companion_keys("p/b/a.png", keys) == ["p/b/a.YML", "p/b/a.motion.json"]


def test_a_sidecar_of_ours_is_not_read() -> None:
    assert is_sidecar("a.motion.json")
    assert not is_sidecar("_a.motion.json")


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("p/b/CANCEL.txt", "CANCEL"),
        ("APPROVED.TXT", "APPROVED"),
        ("cancel", "CANCEL"),
        ("cancel.txt", None),
        ("CANCEL.png", None),
        ("CANCEL.txt.txt", None),
        ("CANCEL.", None),
    ],
)
def test_a_marker_that_windows_gave_an_ending_is_one_and_a_caption_is_not(
    name: str, word: str | None
) -> None:
    assert marker_of(name) == word
