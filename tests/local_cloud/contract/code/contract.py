"""Handlers of the contract stack: they write down what reached them."""

import json
import os
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import boto3


class InvalidInput(Exception):
    pass


class KeyframeMissing(InvalidInput):
    pass


class Transient(Exception):
    pass


def note(topic: str, **facts: Any) -> None:
    table = boto3.client("dynamodb")
    row = {
        "pk": topic,
        "sk": f"{time.time():.6f}-{uuid.uuid4().hex[:6]}",
        "facts": json.dumps(facts),
    }
    table.put_item(TableName=os.environ["TABLE"], Item={k: {"S": v} for k, v in row.items()})


def intake(event: dict[str, Any], context: Any) -> dict[str, Any]:
    failures = []
    for record in event["Records"]:
        received = json.loads(record["body"])
        key = received["detail"]["object"]["key"]
        note("intake", event=received, pid=os.getpid(), size=len(event["Records"]))
        if "poison" in key:
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def begin(event: dict[str, Any], context: Any) -> dict[str, Any]:
    items = [
        {"stem": f"img_{n:03}", "index": n, **event.get("each", {})} for n in range(event["count"])
    ]
    key = f"plans/{event['run']}.json"
    boto3.client("s3").put_object(Bucket=os.environ["WORK"], Key=key, Body=json.dumps(items))
    return {"bucket": os.environ["WORK"], "key": key}


def work(event: dict[str, Any], context: Any) -> dict[str, Any]:
    item = event["item"]
    started = time.time()
    time.sleep(item.get("seconds", 0))
    note(f"work-{event['run']}", **item, pid=os.getpid(), started=started, ended=time.time())
    match item.get("trouble"):
        case "missing":
            raise KeyframeMissing(f"{item['stem']}: never came\nsecond line")
        case "passing" if not (marker := Path(tempfile.gettempdir(), event["run"])).exists():
            marker.touch()
            raise Transient("try again")
        case "bug":
            raise KeyError("bug")
    return {"verdict": "pass"}


def record(event: dict[str, Any], context: Any) -> dict[str, Any]:
    note(f"record-{event['run']}", pid=os.getpid(), **event)
    return {}


def settle(event: dict[str, Any], context: Any) -> None:
    note("settle", event=event)


def environment(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return {
        "environment": dict(os.environ),
        "function": context.function_name,
        "request": context.aws_request_id,
        "left_ms": context.get_remaining_time_in_millis(),
    }


def slow(event: dict[str, Any], context: Any) -> dict[str, Any]:
    time.sleep(event["seconds"])
    return {"pid": os.getpid()}
