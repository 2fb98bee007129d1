import pytest

from shared.errors import InvalidInput
from shared.manifest.guard import guard_key


@pytest.mark.parametrize(
    "key",
    [
        "img_001.png",
        "__video_keyframes/img_001.png",
        "project/batch/a b.png",
        "project/100%.png",
        "%2e%2e/a.png",
        "プロジェクト/猫.png",
        "a/mojo.png",
        "__cropping/a.png",
        "12:30.png",
        "..png",
        "x" * 255,
    ],
)
def test_plain_keys_pass_unchanged(key: str) -> None:
    assert guard_key(key) == key


@pytest.mark.parametrize(
    ("key", "part"),
    [
        ("", "empty"),
        ("../a.png", "steps through"),
        ("a/../b.png", "steps through"),
        ("a/./b.png", "steps through"),
        ("/etc/passwd", "absolute"),
        ("a//b.png", "folder name is empty"),
        ("a/", "folder name is empty"),
        ("a\\b.png", "backslash"),
        ("a\nb.png", "control characters"),
        ("a\x00.png", "control characters"),
        ("a\u202egnp.png", "control characters"),
        ("s3://bucket/a.png", "address"),
        ("HTTPS://x/a.png", "address"),
        ("file:a.png", "address"),
        ("C:a.png", "address"),
        ("x" * 256, "longer than 255 bytes"),
        ("é" * 128, "longer than 255 bytes"),
        ("/".join(["x" * 200] * 6), "longer than 1024 bytes"),
        ("mojo/a.png", "`mojo` is protected"),
        ("x/mojo-raw/a.png", "`mojo-raw` is protected"),
        ("x/Mojo2/y/a.png", "`Mojo2` is protected"),
        ("__crop/a.png", "`__crop` is protected"),
        ("a/__cropped/a.png", "`__cropped` is protected"),
        ("__SELECTED/a.png", "`__SELECTED` is protected"),
    ],
)
def test_tricks_are_refused_with_the_reason(key: str, part: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        guard_key(key)
    assert part in caught.value.message
    assert caught.value.problems[0].code == "unsafe_key"


def test_every_reason_is_told_and_nothing_unprintable_is_repeated() -> None:
    with pytest.raises(InvalidInput) as caught:
        guard_key("/a\x1b[31m/../b\\c")
    assert len(caught.value.problems) == 4
    assert "\x1b" not in str([problem.to_dict() for problem in caught.value.problems])
