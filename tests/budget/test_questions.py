"""Questions and answers, asked and given more than once."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.budget.approval import Answer, ApprovalState, Way
from shared.budget.approval_link import link_token
from shared.budget.errors import ApprovalDenied, ApprovalExpired, LinkRefused
from shared.budget.questions import Questions
from shared.budget.store import ApprovalStore
from shared.keys import Folder

FILM = Folder("film", "day-1")
KEY = b"k" * 32


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 3, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def questions(store: ApprovalStore, clock: Clock) -> Questions:
    return Questions(store=store, now=clock)


def put(questions: Questions, run_id: str = "run-1", resume: str = "token-1") -> bool:
    _, new = questions.ask(FILM, run_id, estimate=9, threshold=5, resume=resume)
    return new


def test_people_are_asked_once_and_the_newest_workflow_waits(questions: Questions) -> None:
    assert put(questions)
    assert not put(questions)
    assert not put(questions, resume="token-2")
    (kept,) = questions.store.approvals(FILM)
    assert (kept.resume, kept.state) == ("token-2", ApprovalState.WAITING)


def test_nobody_asked_nobody_goes_on(questions: Questions) -> None:
    assert questions.may_go_on(FILM, "run-1") is False


def test_a_marker_answers_what_waits_and_wakes_it(questions: Questions, clock: Clock) -> None:
    put(questions)
    put(questions, "run-2")
    assert questions.may_go_on(FILM, "run-1") is False
    for _ in range(2):  # queues deliver more than once
        decided = questions.answer_by_marker(FILM, "film/day-1/APPROVED", clock.now, "mia")
        assert [each.resume for each in decided] == ["token-1", "token-1"]
        assert {(each.decided_by, each.way) for each in decided} == {("mia", Way.MARKER)}
    assert questions.may_go_on(FILM, "run-1") is True
    assert questions.answer_by_marker(FILM, "film/day-1/DENIED", clock.now, "tom") == []


def test_a_denied_run_stays_denied_and_a_new_run_is_asked(
    questions: Questions, clock: Clock
) -> None:
    put(questions)
    questions.answer_by_marker(FILM, "film/day-1/DENIED", clock.now, "tom")
    with pytest.raises(ApprovalDenied):
        questions.may_go_on(FILM, "run-1")
    clock.now += timedelta(minutes=5)
    assert put(questions, "run-2")
    lying_there = clock.now - timedelta(minutes=5)
    assert questions.answer_by_marker(FILM, "film/day-1/APPROVED", lying_there, "mia") == []
    assert questions.may_go_on(FILM, "run-2") is False


def test_a_link_works_once(questions: Questions) -> None:
    put(questions)
    (asked,) = questions.store.approvals(FILM)
    token = link_token(KEY, asked, Answer.DENIED)
    assert questions.answer_by_link(KEY, token).state is ApprovalState.DENIED
    with pytest.raises(LinkRefused):
        questions.answer_by_link(KEY, token)


def test_what_nobody_answers_is_let_go(questions: Questions, clock: Clock) -> None:
    put(questions)
    assert questions.expire(FILM, "run-1") is None
    clock.now += timedelta(days=3)
    expired = questions.expire(FILM, "run-1")
    assert expired
    assert (expired.state, expired.resume) == (ApprovalState.EXPIRED, "token-1")
    assert questions.expire(FILM, "run-1") == expired
    with pytest.raises(ApprovalExpired):
        questions.may_go_on(FILM, "run-1")
    assert questions.answer_by_marker(FILM, "film/day-1/APPROVED", clock.now, "mia") == []
