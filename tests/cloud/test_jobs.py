"""Clips that a provider makes, on the embedded cloud: killed steps, CANCEL, one payment."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from boto3.dynamodb.conditions import Attr

from shared.aws.ledger import DynamoLedger
from shared.budget.money import usd
from shared.budget.project import Project
from shared.jobs.job import Job
from shared.jobs.outcome import JobState
from shared.providers.fake import World
from shared.providers.fake.world import FakeJob
from shared.routing.policy import Policy
from tests.cloud.town import PROJECT, Town, wait_until, workers_of
from tests.pipeline.house import picture

pytestmark = pytest.mark.cloud

NO_CANCEL, CANCELS = "wavespeed/wan-2.5", "replicate/wan-2.5-i2v"


@pytest.fixture(autouse=True)
def funds(town: Town) -> None:
    books = DynamoLedger(town.session.client("dynamodb"), town.deployment.state_table)
    if books.project(PROJECT) is None:
        policy = Policy(allow_unverified_prices=True)
        books.save_project(Project(name=PROJECT, monthly_budget=100_000_000, policy=policy))


def order(model: str) -> dict[str, Any]:
    settings = {
        "operation": "image_to_video",
        "route": [model],
        "prompt": "the picture comes to life",
        "resolution": "480p",
        "motion": {"duration_sec": 5},
        "finish": {"fps": 12, "codec": {"preset": "ultrafast"}},
    }
    return {"defaults": settings, "keyframes": [{"image_path": "a.png"}]}


def drop(town: Town, world: World, batch: str, model: str, *faults: str, seed: int) -> FakeJob:
    """Drop one keyframe; returns the job that its provider accepted."""
    before = set(world.jobs)
    world.script(*faults)
    town.drop(batch, {"a.png": picture(480, 270, seed=seed), "manifest.json": order(model)})
    wait_until(
        lambda: set(world.jobs) > before,
        "the provider to accept the job",
        lambda: town.answer(batch, "_status.json"),
    )
    (new,) = set(world.jobs) - before
    return world.jobs[new]


def kill_its_steps(town: Town) -> None:
    """Whatever advance_job is doing, or has just done, it comes to nothing more."""
    for each in workers_of(town, "dropreel-advance"):
        os.kill(each, signal.SIGKILL)


def the_row(town: Town, batch: str) -> Job:
    """The row of the batch's only job."""
    table = town.session.resource("dynamodb").Table(town.deployment.state_table)
    items = table.scan(FilterExpression=Attr("sk").eq("job"))["Items"]
    rows = [Job.model_validate_json(each["document"]) for each in items]
    (row,) = (each for each in rows if each.batch_id == batch)
    return row


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_a_job_whose_every_step_is_killed_arrives_and_is_paid_once(
    town: Town, world: World
) -> None:
    batch, submits = "job-killed", world.submits
    world.script("429")
    town.drop(batch, {"a.png": picture(480, 270, seed=61), "manifest.json": order(NO_CANCEL)})
    wait_until(lambda: world.submits > submits, "a submit, which is refused")
    known = set(world.jobs)
    world.script("poll-hang", "drip", "lost-webhook")
    wait_until(lambda: the_row(town, batch).refusals == 1, "the refusal to be on the row")
    kill_its_steps(town)  # between the refusal and the next submit
    wait_until(lambda: set(world.jobs) > known, "the job to be accepted")
    (job,) = (world.jobs[each] for each in set(world.jobs) - known)
    wait_until(lambda: job.looks > 0, "somebody to ask after the job, and to hang there")
    assert workers_of(town, "dropreel-advance")
    kill_its_steps(town)  # while it is looked at
    wait_until(lambda: the_row(town, batch).state is JobState.FETCHING, "the file to be fetched")
    kill_its_steps(town)  # while the file drips
    job.faults -= {"drip"}
    wait_until(lambda: the_row(town, batch).state is JobState.SUCCEEDED, "the file to be there")
    kill_its_steps(town)  # before or after it told anybody
    town.ended(batch)
    assert town.run(batch)["counts"] == {"total": 1, "done": 1}
    assert "a.mp4" in town.library(batch)
    assert world.submits == submits + 2, "one was refused, one was accepted"
    assert set(world.jobs) - known == {job.id}
    books = DynamoLedger(town.session.client("dynamodb"), town.deployment.state_table)
    (entry,) = (
        each
        for account in books.accounts(PROJECT)
        for each in books.entries(PROJECT, account.month)
        if each.job_id == the_row(town, batch).job_id
    )
    assert usd(entry.spent) == world.charged_usd(job)


def test_cancel_stops_a_job_at_the_provider(town: Town, world: World) -> None:
    job = drop(town, world, "job-stopped", CANCELS, "never", seed=62)
    town.put("job-stopped", "CANCEL.txt", b"")
    town.ended("job-stopped")
    assert job.cancelled, "the provider was asked to stop"
    assert town.run("job-stopped")["state"] == "cancelled"
    assert town.clips("job-stopped")["a"]["status"] == "cancelled"


def test_what_cannot_be_stopped_ends_its_clip_and_is_there_for_the_next_drop(
    town: Town, world: World
) -> None:
    batch = "job-let-go"
    job = drop(town, world, batch, NO_CANCEL, "slow", seed=63)
    town.put(batch, "CANCEL", b"")
    town.ended(batch)
    clip = town.clips(batch)["a"]
    assert clip["status"] == "cancelled"
    assert "wavespeed cannot be asked to stop" in " ".join(clip["reasons"])
    submits = world.submits
    wait_until(lambda: job.stand(world.now()).ended, "the provider to finish it after all")
    manifest = {**order(NO_CANCEL), "keyframes": [{"image_path": "a.png", "negative_prompt": None}]}
    town.put(batch, "manifest.json", json.dumps(manifest).encode())
    town.ended(batch, runs=1)
    wait_until(lambda: town.run(batch)["state"] == "finished", "the second run to finish")
    assert town.run(batch)["counts"] == {"total": 1, "done": 1}
    assert world.submits == submits, "nothing was paid again"
