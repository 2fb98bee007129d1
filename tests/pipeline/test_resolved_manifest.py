"""`<stem>.video_manifest.json` is a manifest: beside its keyframe it makes the same clip."""

from tests.pipeline.house import SMALL, House, picture


def test_the_resolved_manifest_makes_the_very_same_clip_again(house: House) -> None:
    house.put("a.png", picture(seed=3))
    house.put("a.motion.json", {"type": "pan_right", "intensity": 0.3, "duration_sec": 0.5})
    keyframe = {"image_path": "a.png", "generation_params": {"seed": 0}}
    defaults = {**SMALL, "motion": {"duration_sec": 0.5, "easing": "linear"}}
    house.drop("manifest.json", {"defaults": defaults, "keyframes": [keyframe]})
    house.work()
    first = house.in_library("a.video_meta.json")
    resolved = house.library()["a.video_manifest.json"]
    house.drop("a.video_manifest.json", resolved)
    house.work()
    assert house.clip("a")["status"] == "done"
    again = house.in_library("a.video_meta.json")
    assert again["clip_key"] == first["clip_key"]
    assert again["reused"]
