"""What we rely on between a dropped file and the handler that accepts it."""

import json
import uuid
from typing import Any

import pytest

from tests.local_cloud.contract_stack import Cloud, until

pytestmark = pytest.mark.cloud


def dropped(cloud: Cloud, folder: str) -> list[dict[str, Any]]:
    notes = [note["event"] for note in cloud.notes("intake")]
    return [e for e in notes if e["detail"]["object"]["key"].startswith(folder)]


def keys(events: list[dict[str, Any]]) -> list[str]:
    return [event["detail"]["object"]["key"] for event in events]


@pytest.fixture
def folder() -> str:
    return f"wald/{uuid.uuid4().hex[:8]}/"


def test_names_arrive_as_they_are_whatever_letters_they_have(cloud: Cloud, folder: str) -> None:
    names = [
        "img 001.png",
        "Bäume+Licht.PNG",
        "100%25 sure.png",
        "日本.pNg",
        "x.Manifest.JSON",
        "a&b=c.png",
    ]
    for name in names:
        cloud.client("s3").put_object(
            Bucket=cloud.deployment.drop_bucket, Key=folder + name, Body=b"x"
        )
    wanted = {folder + name for name in names}
    # A queue delivers at least once, so a set.
    until(lambda: set(keys(dropped(cloud, folder))) >= wanted)
    assert set(keys(dropped(cloud, folder))) == wanted


def test_only_matching_names_start_anything(cloud: Cloud, folder: str) -> None:
    for name in ("notes.txt", "img.png.part", "CANCEL", "last.png"):
        cloud.client("s3").put_object(
            Bucket=cloud.deployment.drop_bucket, Key=folder + name, Body=b"x"
        )
    until(lambda: folder + "last.png" in keys(dropped(cloud, folder)))
    assert set(keys(dropped(cloud, folder))) == {folder + "CANCEL", folder + "last.png"}


def test_every_way_to_create_an_object_tells_size_version_and_reason(
    cloud: Cloud, folder: str
) -> None:
    s3, bucket = cloud.client("s3"), cloud.deployment.drop_bucket
    put = s3.put_object(Bucket=bucket, Key=folder + "put.png", Body=b"12345")
    s3.copy_object(
        Bucket=bucket,
        Key=folder + "copied.png",
        CopySource={"Bucket": bucket, "Key": folder + "put.png"},
    )
    upload = s3.create_multipart_upload(Bucket=bucket, Key=folder + "large.png")["UploadId"]
    part = s3.upload_part(
        Bucket=bucket, Key=folder + "large.png", UploadId=upload, PartNumber=1, Body=b"123456"
    )
    s3.complete_multipart_upload(
        Bucket=bucket,
        Key=folder + "large.png",
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )
    until(lambda: len(set(keys(dropped(cloud, folder)))) == 3)
    events = {e["detail"]["object"]["key"]: e["detail"] for e in dropped(cloud, folder)}
    reasons = {key.removeprefix(folder): detail["reason"] for key, detail in events.items()}
    assert reasons == {
        "put.png": "PutObject",
        "copied.png": "CopyObject",
        "large.png": "CompleteMultipartUpload",
    }
    assert events[folder + "large.png"]["object"]["size"] == 6
    told = events[folder + "put.png"]["object"]
    assert told["version-id"] == put["VersionId"]
    assert told["etag"] == put["ETag"].strip('"')
    assert told["sequencer"]
    assert told["size"] == 5


def test_a_poisoned_message_alone_comes_again_and_then_goes_to_the_dead_letters(
    cloud: Cloud, folder: str
) -> None:
    for name in ("poison.png", "sound.png"):
        cloud.client("s3").put_object(
            Bucket=cloud.deployment.drop_bucket, Key=folder + name, Body=b"x"
        )

    def dead() -> list[str]:
        messages = cloud.client("sqs").receive_message(
            QueueUrl=cloud.deployment.outputs["LostUrl"],
            MaxNumberOfMessages=10,
            VisibilityTimeout=0,
        )
        bodies = [json.loads(message["Body"]) for message in messages.get("Messages", [])]
        return [key for key in keys(bodies) if key.startswith(folder)]

    assert until(dead) == [folder + "poison.png"]
    seen = keys(dropped(cloud, folder))
    assert seen.count(folder + "poison.png") == 2
    assert seen.count(folder + "sound.png") == 1


def test_a_delayed_message_comes_later(cloud: Cloud) -> None:
    sqs, queue = cloud.client("sqs"), cloud.deployment.outputs["MailUrl"]
    sqs.purge_queue(QueueUrl=queue)
    sqs.send_message(QueueUrl=queue, MessageBody="later", DelaySeconds=1)
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)
    assert until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))
