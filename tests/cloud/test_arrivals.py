"""However the files arrive, the folder ends up with its clips, once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.cloud.town import PROJECT, Town, wait_until
from tests.pipeline.house import picture, small_manifest

pytestmark = pytest.mark.cloud

MANIFEST = small_manifest("a.png")


@pytest.fixture(scope="module")
def dropped(town: Town) -> Town:
    """Everything that need not be watched while it happens is dropped first, all at once."""
    image = picture(seed=21)
    town.drop("images-first", {"a.png": image, "manifest.json": MANIFEST})
    town.drop("manifest-first", {"manifest.json": MANIFEST})
    town.drop("capitals", {"a.png": image, "MANIFEST.JSON": MANIFEST})
    town.drop("suffix", {"a.png": image, "shots.manifest.json": MANIFEST})
    town.drop("dry", {"a.png": image, "shots.dry-run.manifest.json": MANIFEST})
    town.put("manifest-first", "a.png", image)
    town.drop("copied", {"a.png": image})
    town.drop("multipart", {"a.png": image})
    town.drop("ten-times", {"a.png": image})
    town.drop("two", {"a.png": image, "b.png": picture(seed=22)})
    bucket, body = town.deployment.drop_bucket, b'{"keyframes": [{"image_path": "a.png"}]}'
    source = {"Bucket": bucket, "Key": f"{PROJECT}/images-first/manifest.json"}
    town.s3.copy_object(Bucket=bucket, Key=f"{PROJECT}/copied/manifest.json", CopySource=source)
    part_by_part(town, f"{PROJECT}/multipart/manifest.json", body)
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda _: town.put("ten-times", "manifest.json", MANIFEST), range(10)))
    town.put("two", "one.manifest.json", small_manifest("a.png"))
    town.put("two", "two.manifest.json", small_manifest("b.png"))
    return town


def part_by_part(town: Town, key: str, body: bytes) -> None:
    where = {"Bucket": town.deployment.drop_bucket, "Key": key}
    upload = town.s3.create_multipart_upload(**where)["UploadId"]
    part = town.s3.upload_part(**where, UploadId=upload, PartNumber=1, Body=body)
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    town.s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload=parts)


@pytest.mark.parametrize(
    "batch",
    ["images-first", "manifest-first", "capitals", "suffix", "copied", "multipart", "ten-times"],
)
def test_its_clip_is_made(dropped: Town, batch: str) -> None:
    dropped.ended(batch)
    assert dropped.run(batch)["counts"] == {"total": 1, "done": 1}
    assert "a.mp4" in dropped.library(batch)


def test_ten_drops_of_one_manifest_are_one_run_and_one_message(dropped: Town) -> None:
    dropped.ended("ten-times")
    machine = dropped.session.client("stepfunctions")
    executions = machine.list_executions(stateMachineArn=dropped.deployment.state_machine_arn)
    names = [each["name"] for each in executions["executions"]]
    assert sum(name.startswith("film-ten-times-") for name in names) == 1
    assert len(dropped.told("ten-times", "batch_done")) == 1


def test_two_manifests_of_one_folder_both_finish(dropped: Town) -> None:
    dropped.ended("two", runs=2)
    assert [run["counts"] for run in dropped.runs("two")] == [{"total": 1, "done": 1}] * 2
    assert {"a.mp4", "b.mp4"} <= dropped.library("two").keys()


def test_a_dry_run_tells_its_plan_and_publishes_nothing(dropped: Town) -> None:
    dropped.ended("dry")
    assert dropped.run("dry")["counts"] == {"total": 1, "planned": 1}
    assert "256 × 144" in dropped.answer("dry", "_PLAN.md")
    assert dropped.library("dry") == {}


def test_a_keyframe_replaced_after_the_plan_counts_for_the_next_run_only(town: Town) -> None:
    batch, old, new = "replaced", picture(seed=31), picture(seed=32)
    town.drop(batch, {"a.png": old, "b.png": picture(seed=33)})
    town.put(batch, "manifest.json", small_manifest("a.png", "b.png"))
    wait_until(lambda: bool(town.runs(batch) and town.run(batch)["clips"]), "the plan")
    town.put(batch, "a.png", new)
    town.ended(batch)
    assert town.published(batch, "a.png") == old
    town.put(batch, "manifest.json", small_manifest("a.png", "b.png"))
    wait_until(lambda: town.published(batch, "a.png") == new, "the second run")
    town.ended(batch)
    assert town.run(batch)["counts"] == {"total": 2, "done": 2}
