"""One dropped folder, all the way to the library."""

import io
import json
import zipfile
from typing import Any

import av
import pytest

from shared.batch import BatchState
from shared.clip import ObjectRef
from tests.pipeline.house import SMALL, House, build_house, picture, small_manifest

COMPANIONS = {
    "a.yaml": b"seed: 1\n",
    "a.caption": "ein Nebel über dem See".encode(),
    "a.motion.json": b'{"motion": {"type": "zoom_in", "intensity": 0.4}}',
}
UNRELATED = {"ab.yaml": b"other: 1\n", "notes.txt": b"buy milk"}


@pytest.fixture(scope="module")
def made() -> House:
    """A batch of one clip with companions, one without, and one that is no picture."""
    house = build_house()
    for name, data in {
        "a.png": picture(seed=1),
        "b.jpg": picture(seed=2, kind="JPEG"),
        "bad.png": b"not a picture",
        **COMPANIONS,
        **UNRELATED,
    }.items():
        house.put(name, data)
    house.drop("manifest.json", small_manifest("a.png", "b.jpg", "bad.png"))
    assert house.work().state is BatchState.FINISHED
    return house


def test_good_clips_are_done_and_the_bad_one_says_why(made: House) -> None:
    status = made.status()
    assert (status["state"], status["progress_percent"]) == ("finished", 100)
    assert status["counts"] == {"total": 3, "done": 2, "rejected": 1}
    assert "bad.png" in made.clip("bad")["reasons"][0]


def test_the_library_holds_each_clip_with_its_companions_and_the_batch_s_papers(
    made: House,
) -> None:
    clip = (".mp4", ".proxy.mp4", ".poster.jpg", ".video_meta.json", ".video_manifest.json")
    papers = {"report.html", "contact_sheet.jpg", "cost.json", "rejected.json", "delivery.zip"}
    keyframes = {"a.png", "b.jpg"}
    made_files = {f"{stem}{ending}" for stem in "ab" for ending in clip}
    assert made.library().keys() == papers | keyframes | made_files | COMPANIONS.keys()


def test_keyframes_and_companions_are_copied_unchanged(made: House) -> None:
    library = made.library()
    assert library["a.png"] == picture(seed=1)
    assert {name: library[name] for name in COMPANIONS} == COMPANIONS


def test_master_and_proxy_play_with_the_promised_frames(made: House) -> None:
    for name, codec in (("a.mp4", "hevc"), ("a.proxy.mp4", "h264")):
        with av.open(io.BytesIO(made.library()[name]), "r") as video:
            stream = video.streams.video[0]
            assert stream.codec_context.name == codec
            assert len(list(video.decode(stream))) == 12


def test_the_metadata_holds_motion_checks_settings_files_and_cost(made: House) -> None:
    meta = made.in_library("a.video_meta.json")
    assert meta["motion_params"]["type"] == "zoom_in"
    assert meta["motion_params"]["intensity"] == 0.4
    assert meta["generation_settings"]["model"] == "camera_move"
    assert meta["generation_settings"]["prompt"] == COMPANIONS["a.caption"].decode()
    assert meta["validation_results"]["checks"]
    assert (meta["video"]["frame_count"], meta["video"]["fps"]) == (12, "24")
    assert meta["source"]["keyframe"] == "a.png"
    assert meta["cost"]["aws_usd"] > 0
    for made_file in meta["files"].values():
        assert len(made.library()[made_file["name"]]) == made_file["size_bytes"]


def test_every_frame_was_held_against_the_keyframe(made: House) -> None:
    for stem in "ab":
        checks = made.in_library(f"{stem}.video_meta.json")["validation_results"]["checks"]
        verdicts = {check["name"]: check["verdict"] for check in checks}
        assert verdicts["path_psnr"] == verdicts["path_ssim"] == "pass"
        assert verdicts["keyframe_match"] == verdicts["black"] == "pass"


def test_the_resolved_manifest_names_the_exact_rectangles_and_the_pinned_keyframe(
    made: House,
) -> None:
    (keyframe,) = made.in_library("a.video_manifest.json")["keyframes"]
    assert len(keyframe["motion"]["start_rect"]) == len(keyframe["motion"]["end_rect"]) == 4
    assert keyframe["resolution"] == "144p"
    meta = made.in_library("a.video_meta.json")
    assert meta["source"]["version_id"]
    video = meta["video"]
    assert (video["width"], video["height"], video["frame_count"]) == (256, 144, 12)


def test_every_operation_on_a_finished_clip_leaves_one_line_with_the_seed_s_fields(
    made: House,
) -> None:
    lines = [line for line in made.audit_lines() if line["stem"] == "a"]
    assert {line["operation"] for line in lines} == {"generate", "transcode", "validate"}
    for line in lines:
        assert line["keyframe_path"] == "s3://drop/film/day-1/a.png"
        assert line["video_output"] == "s3://library/film/day-1/a.mp4"
        assert line["motion_params"]["type"] == "zoom_in"
        assert (line["duration_sec"], line["frame_count"]) == (0.5, 12)
        assert bool(line["validation_results"]) == (line["operation"] == "validate")


def test_the_delivery_holds_finished_clips_only_and_tells_no_costs(made: House) -> None:
    with zipfile.ZipFile(io.BytesIO(made.library()["delivery.zip"])) as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        metadata = archive.read("metadata/a.json").decode()
    assert names == {
        *("videos/a.mp4", "videos/b.mp4"),
        *("keyframes/a.png", "keyframes/b.jpg"),
        *("metadata/a.json", "metadata/b.json"),
    }
    assert "cost" not in metadata
    assert "run_id" not in metadata


def test_the_drop_folder_tells_what_to_mend(made: House) -> None:
    errors = made.answer("_ERRORS.md")
    assert "bad.png" in errors
    assert "drop" in errors.lower()
    assert made.in_library("rejected.json")["clips"][0]["stem"] == "bad"


def test_the_cost_document_covers_the_batch(made: House) -> None:
    cost = made.in_library("cost.json")
    assert "USD" in json.dumps(cost) or "usd" in json.dumps(cost)


def test_a_manifest_below_the_folder_finds_its_own_pictures(house: House) -> None:
    house.put("sub/a.png", picture())
    house.put("a.png", b"another file of the same name")
    house.drop("sub/manifest.json", small_manifest("a.png"))
    house.work()
    assert house.status()["counts"] == {"total": 1, "done": 1}
    assert house.library()["a.png"] == picture()


def odd_names() -> list[str]:
    return ["ein Bild.png", "日本語.png", "100%.png", "%2e%2e.png", "a+b&c=d.png", "e\u0301.png"]


def test_names_in_any_script_survive_the_whole_way(house: House) -> None:
    for seed, name in enumerate(odd_names()):
        house.put(name, picture(seed=seed))
    house.drop("manifest.json", small_manifest(*odd_names()))
    house.work()
    assert house.status()["counts"] == {"total": 6, "done": 6}
    for name in odd_names():
        assert name in house.library()
        assert name.removesuffix(".png") + ".mp4" in house.library()


def test_a_name_of_other_letter_case_or_composition_is_found(house: House) -> None:
    house.put("Cafe\u0301.PNG", picture())
    house.drop("manifest.json", small_manifest("café.png"))
    house.work()
    assert house.status()["counts"] == {"total": 1, "done": 1}


def test_a_rejected_manifest_tells_every_problem_and_makes_nothing(house: House) -> None:
    house.put("a.png", picture())
    broken: dict[str, Any] = {"keyframs": [], "defaults": {**SMALL, "resolutoin": "720p"}}
    house.drop("manifest.json", broken)
    closed = house.work()
    assert closed.state is BatchState.REJECTED
    assert json.loads(closed.notification.message)["problems"]
    assert "Did you mean `resolution`?" in json.loads(closed.notification.message)["text"]
    errors = house.answer("_ERRORS.md")
    assert "keyframs" in errors
    assert "resolution" in errors
    assert not [name for name in house.library() if name.endswith(".mp4")]


def test_a_manifest_that_is_too_large_is_refused_without_being_read() -> None:
    house = build_house(max_manifest_bytes=2000)
    house.drop("manifest.json", b" " * 2001)
    assert house.work().state is BatchState.REJECTED
    assert "2,001" in house.answer("_ERRORS.md") or "MB" in house.answer("_ERRORS.md")


def test_a_keyframe_that_is_too_large_rejects_its_clip_only() -> None:
    house = build_house(max_keyframe_bytes=len(picture()) + 10)
    house.put("a.png", picture())
    house.put("big.png", picture(640, 360))
    house.drop("manifest.json", small_manifest("a.png", "big.png"))
    house.work()
    assert house.status()["counts"] == {"total": 2, "done": 1, "rejected": 1}


@pytest.mark.parametrize(
    "where", ["manifest.json", "film/manifest.json", "mojo-x/day/manifest.json"]
)
def test_a_manifest_where_no_batch_can_be_is_answered_beside_it(house: House, where: str) -> None:
    data = json.dumps(small_manifest("a.png")).encode()
    house.deliver(house.objects.write("drop", where, data, content_type="application/json"))
    answer = house.objects.read(
        ObjectRef(bucket="drop", key=where.replace("manifest.json", "_ERRORS.md"))
    ).decode()
    assert where in answer
    assert not house.started
