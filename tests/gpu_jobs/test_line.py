"""A line at your own box that is too long sends new clips elsewhere, and only new ones."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from shared.aws.gpu import SqsWorkerQueues
from shared.gpu_jobs.line import LONGEST, longest_line, too_long
from shared.gpu_jobs.price import price_anywhere
from shared.pipeline.route import route_clip
from tests.pipeline.house import House
from tests.pipeline.test_camera_strategies import TAKES_LAST, own_box, prepared

WHY = "jobs in line: 9 for `rtx4090`; more than 8 are too long to wait behind"


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, str]]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        sqs = boto3.client("sqs", region_name="us-east-1")
        yield sqs, sqs.create_queue(QueueName="worker")["QueueUrl"]


def test_the_queue_says_how_many_wait(queue: tuple[Any, str]) -> None:
    sqs, url = queue
    queues = SqsWorkerQueues(sqs, {"rtx4090": url})
    for _ in range(3):
        queues.send("rtx4090", "{}")
    sqs.receive_message(QueueUrl=url)
    assert queues.waiting() == {"rtx4090": 2}, "what somebody is at does not wait"
    assert SqsWorkerQueues(sqs, {"a100": url + "-gone"}).waiting() == {}, "nobody knows: no reason"


def test_a_class_whose_line_is_short_keeps_the_box_open() -> None:
    assert too_long({"rtx4090": 9}, 8) == WHY
    assert too_long({"rtx4090": 8}, 8) == ""
    assert too_long({"rtx4090": 9, "a100": 0}, 8) == ""
    assert too_long({}, 8) == ""


@pytest.mark.parametrize(("said", "most"), [("8", 8), ("0", 0), ("", LONGEST), ("many", LONGEST)])
def test_how_many_may_wait_is_a_setting(said: str, most: int) -> None:
    assert longest_line({"WORKER_LINE": said}) == most


def at(house: House, job_id: str) -> str:
    return house.jobs.rows[job_id].candidate.partition("@")[2]


@pytest.mark.parametrize(("line", "engine"), [({}, "worker"), ({"worker": WHY}, "modal")])
def test_behind_a_long_line_the_same_model_is_made_at_modal(
    line: dict[str, str], engine: str
) -> None:
    house = with_modal(own_box())
    house.services = replace(house.services, health=lambda: line)
    item = prepared(house, TAKES_LAST)
    assert at(house, item.job_id) == engine
    longer = replace(house.services, health=lambda: {"worker": WHY})
    again = route_clip(longer, house.jobs, item)
    assert again.job_id == item.job_id, "what waits already is not made a second time"


def test_where_nobody_else_can_make_it_the_line_is_waited_in() -> None:
    house = own_box()
    house.services = replace(house.services, health=lambda: {"worker": WHY})
    assert at(house, prepared(house, TAKES_LAST).job_id) == "worker"


def with_modal(house: House) -> House:
    values = {"WORKER_GPUS": "rtx4090", "MODAL_TOKEN_ID": "ak", "MODAL_TOKEN_SECRET": "as"}
    house.services = replace(
        house.services,
        engines=house.services.engines | {"modal"},
        price=lambda row, request, engine: price_anywhere(values, row, request, engine),
    )
    return house
