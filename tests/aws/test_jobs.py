"""Jobs and slots in DynamoDB."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from cli import jobs as cli_jobs
from shared.aws.breakers import DynamoBreakers
from shared.aws.documents import DocumentTable
from shared.aws.jobs import DynamoJobs, DynamoSlots
from shared.jobs.breaker import FAILURES, FIRST_PAUSE, Breaker, Contact
from shared.jobs.leases import Caps
from shared.jobs.outcome import JobState
from shared.keys import Folder
from shared.ports import Conflict
from tests.jobs.simulation import World

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def test_a_job_is_open_until_its_last_end(documents: DocumentTable) -> None:
    world = World()
    identity = world.order()
    jobs = DynamoJobs(documents)
    fresh = world.rows[identity].model_copy(update={"version": 0})
    saved = jobs.save_job(fresh)
    assert jobs.job(identity) == saved
    assert jobs.open_jobs() == [identity]
    assert jobs.open_jobs_of(Folder("film", "day-1")) == [identity]
    assert jobs.open_jobs_of(Folder("film", "day-2")) == []
    moved = jobs.save_job(saved.moved(JobState.SUBMITTING))
    assert moved.version == 2
    with pytest.raises(Conflict):
        jobs.save_job(saved.moved(JobState.SUBMITTING))
    jobs.close_job(identity)
    assert jobs.open_jobs() == []


def test_a_provider_never_has_more_jobs_than_its_cap(documents: DocumentTable) -> None:
    slots = DynamoSlots(documents, {"runway": Caps(concurrent=3, per_minute=100)})
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda n: slots.take("runway", f"job-{n}", NOW), range(24)))
    assert sum(taken) <= 3
    held = next(n for n, got in enumerate(taken) if got)
    assert slots.take("runway", f"job-{held}", NOW), "who holds a slot keeps it"
    slots.give_back("runway", f"job-{held}")
    assert slots.take("runway", "another", NOW + timedelta(seconds=1))


def test_starts_in_a_minute_are_capped_too(documents: DocumentTable) -> None:
    slots = DynamoSlots(documents, {}, Caps(concurrent=100, per_minute=2))
    assert [slots.take("wavespeed", f"job-{n}", NOW) for n in range(3)] == [True, True, False]
    assert slots.take("wavespeed", "job-2", NOW + timedelta(seconds=61))


def test_a_slot_that_is_never_given_back_expires(documents: DocumentTable) -> None:
    slots = DynamoSlots(documents, {}, Caps(concurrent=1, per_minute=10, lease_sec=60))
    assert slots.take("fal", "lost", NOW)
    assert not slots.take("fal", "next", NOW + timedelta(seconds=59))
    assert slots.take("fal", "next", NOW + timedelta(seconds=61))


def test_a_paused_provider_is_paused_for_everybody_and_tried_by_one(
    documents: DocumentTable,
) -> None:
    told: list[str] = []
    breakers = DynamoBreakers(documents, lambda breaker: told.append(breaker.provider))
    for _ in range(FAILURES):
        breakers.failed("fal", Contact.SEND, "HTTP 503", NOW)
    others = DynamoBreakers(documents)
    assert others.wait_sec("fal", "job", NOW) > 0
    assert others.wait_sec("runway", "job", NOW) == 0
    assert others.health() == {"api:fal": "HTTP 503; tried again every few minutes"}
    assert told == ["fal"]
    later = NOW + FIRST_PAUSE
    with ThreadPoolExecutor(8) as pool:
        tries = list(pool.map(lambda n: others.may_send("fal", f"job-{n}", later), range(24)))
    assert sum(tries) == 1
    others.answered("fal", Contact.SEND)
    assert others.health() == {}


def test_a_provider_that_is_well_costs_no_write(documents: DocumentTable) -> None:
    breakers = DynamoBreakers(documents)
    for _ in range(3):
        assert breakers.may_send("fal", "job", NOW)
        breakers.answered("fal", Contact.SEND)
        breakers.answered("fal", Contact.ASK)
    assert documents.query("breakers", "provider#", Breaker) == []


def test_the_list_of_jobs_names_who_is_paused_and_why(
    documents: DocumentTable, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    breakers = DynamoBreakers(documents)
    monkeypatch.setattr(cli_jobs, "find_target", lambda _account: None)
    monkeypatch.setattr(cli_jobs, "_open", lambda _: (DynamoJobs(documents), None, breakers))
    cli_jobs.list_jobs(as_json=True)
    assert json.loads(capsys.readouterr().out) == {"jobs": [], "paused": []}
    for _ in range(FAILURES):
        breakers.failed("fal", Contact.ASK, "HTTP 503 [bold]", NOW)
    cli_jobs.list_jobs(as_json=True)
    (paused,) = json.loads(capsys.readouterr().out)["paused"]
    assert (paused["provider"], paused["reason"]) == ("fal", "HTTP 503 [bold]")
    assert paused["since"] == NOW.isoformat()
    cli_jobs.list_jobs()
    told = " ".join(capsys.readouterr().out.split())
    assert "fal is paused since 2026-11-01T00:00" in told
    assert "HTTP 503 [bold]; tried again" in told
