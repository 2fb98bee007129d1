"""Workers die, messages are refused, people change their minds: nothing is lost."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud.town import PROJECT, Town, subscribe, wait_until, workers_of
from tests.pipeline.house import SMALL, picture, small_manifest

pytestmark = pytest.mark.cloud

LONG = {**SMALL, "resolution": "720p", "motion": {"duration_sec": 6}, "finish": {"fps": 30}}
"""A clip that takes long enough to be disturbed."""


def worker_of(town: Town, function: str) -> int | None:
    """The process that runs a function's handler in this cloud, if one does."""
    return next(iter(workers_of(town, function)), None)


def is_planned(town: Town, batch: str) -> bool:
    listing = town.s3.list_objects_v2(Bucket=town.deployment.work_bucket, Prefix="runs/")
    keys = [each["Key"] for each in listing.get("Contents", ())]
    return any(f"{PROJECT}-{batch}-" in key and "/plans/" in key for key in keys)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_a_worker_that_is_killed_while_it_encodes_costs_time_only(town: Town) -> None:
    batch = "killed"
    town.drop(batch, {"a.png": picture(1280, 720, seed=41)})
    town.put(batch, "manifest.json", {"defaults": LONG, "keyframes": [{"image_path": "a.png"}]})
    wait_until(lambda: is_planned(town, batch), "the clip to be planned")
    time.sleep(1)  # it takes several to encode
    victim = worker_of(town, "dropreel-finish")
    assert victim
    os.kill(victim, signal.SIGKILL)
    town.ended(batch)
    assert town.run(batch)["counts"] == {"total": 1, "done": 1}
    meta = json.loads(town.published(batch, "a.video_meta.json"))
    assert not meta["reused"]
    assert meta["video"]["frame_count"] == 180


def test_cancel_while_clips_are_rendered_keeps_what_is_done(town: Town) -> None:
    batch = "cancelled"
    names = [f"{index}.png" for index in range(6)]
    town.drop(batch, {name: picture(seed=50 + index) for index, name in enumerate(names)})
    manifest = {"defaults": {**LONG, "motion": {"duration_sec": 2}}}
    town.put(batch, "manifest.json", {**manifest, "keyframes": [{"image_path": n} for n in names]})
    wait_until(lambda: "finishing" in town.answer(batch, "_status.json"), "the first clip")
    town.put(batch, "CANCEL", b"")
    town.ended(batch)
    run = town.run(batch)
    assert run["state"] == "cancelled"
    assert run["counts"]["cancelled"] >= 3
    done = [clip["stem"] for clip in run["clips"] if clip["status"] == "done"]
    masters = {f"{stem}.mp4" for stem in done}
    published = {n for n in town.library(batch) if n.endswith(".mp4") and "proxy" not in n}
    assert published == masters
    (end,) = town.told(batch, "batch_done")
    assert end["attributes"]["status"] == "cancelled"


def test_a_library_file_of_somebody_else_rejects_its_clip_and_stays(town: Town) -> None:
    batch, foreign = "taken", b"somebody else's"
    town.s3.put_object(
        Bucket=town.deployment.library_bucket, Key=f"{PROJECT}/{batch}/a.mp4", Body=foreign
    )
    town.drop(batch, {"a.png": picture(seed=61), "b.png": picture(seed=62)})
    town.put(batch, "manifest.json", small_manifest("a.png", "b.png"))
    town.ended(batch)
    assert town.run(batch)["counts"] == {"total": 2, "done": 1, "rejected": 1}
    assert town.published(batch, "a.mp4") == foreign
    assert "a.mp4" in town.answer(batch, "_ERRORS.md")


def test_the_same_picture_under_two_names_is_two_good_clips(town: Town) -> None:
    """Both are made at the same time, into the same place of the work bucket."""
    batch, image = "twins", picture(seed=63)
    town.drop(batch, {"a.png": image, "b.png": image})
    town.put(batch, "manifest.json", small_manifest("a.png", "b.png"))
    town.ended(batch)
    assert town.run(batch)["counts"] == {"total": 2, "done": 2}
    assert town.published(batch, "a.mp4") == town.published(batch, "b.mp4")


@pytest.fixture
def without_topic(town: Town) -> Iterator[Town]:
    """The town while nobody can publish to its creators' topic."""
    sns, topic = town.session.client("sns"), town.deployment.creators_topic_arn
    sns.delete_topic(TopicArn=topic)
    yield town
    sns.create_topic(Name=topic.rpartition(":")[2])
    subscribe(town.session, town.deployment)


def test_messages_that_sns_refuses_are_set_aside_and_the_batch_finishes(
    without_topic: Town,
) -> None:
    town, batch = without_topic, "no-topic"
    town.drop(batch, {"a.png": picture(seed=71)})
    town.put(batch, "manifest.json", small_manifest("a.png"))
    town.ended(batch)
    assert town.run(batch)["counts"] == {"total": 1, "done": 1}
    aside: list[str] = []
    wait_until(lambda: len(take_set_aside(town, aside)) >= 3, "the messages that were set aside")
    assert sorted(aside) == ["batch_accepted", "batch_done", "clip_done"]


def take_set_aside(town: Town, aside: list[str]) -> list[str]:
    """Add the types of messages on the notifications' dead-letter queue to `aside`."""
    for url in town.sqs.list_queues()["QueueUrls"]:
        if "notification" not in url.lower():
            continue
        for message in town.sqs.receive_message(QueueUrl=url).get("Messages", []):
            body = json.loads(message["Body"])
            assert body["error"]
            aside.append(body["notification"]["attributes"]["type"])
            town.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return aside
