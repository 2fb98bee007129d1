"""A price above the threshold: one question, one answer."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.budget.approval import (
    Answer,
    Approval,
    ApprovalState,
    Way,
    answer,
    ask,
    check_go_ahead,
    look,
    said_by_marker,
)
from shared.budget.approval_link import answer_by_link, link_token, read_token
from shared.budget.errors import AlreadyDecided, ApprovalDenied, ApprovalExpired, LinkRefused
from shared.budget.project import Project
from shared.budget.store import ApprovalStore
from shared.errors import InvalidInput
from shared.keys import Folder
from shared.ports import Conflict

ASKED = datetime(2026, 11, 3, 10, 0, 0, 700_000, tzinfo=UTC)
LATER = ASKED + timedelta(hours=1)
TOO_LATE = ASKED + timedelta(days=4)
KEY = b"k" * 32
FILM = Folder("film", "day-1")


def question(run_id: str = "run-1", nonce: str = "n1") -> Approval:
    return ask(FILM, run_id, estimate=12_000_000, threshold=5_000_000, at=ASKED, nonce=nonce)


def approved(approval: Approval) -> Approval:
    return answer(approval, Answer.APPROVED, by="mia", way=Way.COMMAND, at=LATER)


def test_who_is_asked_is_the_projects_choice() -> None:
    assert not Project(name="film").must_be_asked(10**9)
    cautious = Project(name="film", approve_above=5_000_000)
    assert not cautious.must_be_asked(5_000_000)
    assert cautious.must_be_asked(5_000_001)
    assert not Project(name="film", approve_above=0).must_be_asked(0)
    assert Project(name="film", approve_above=0).must_be_asked(1)


def test_a_batch_waits_goes_on_or_learns_why_not() -> None:
    assert check_go_ahead(question(), LATER) is False
    said = approved(question())
    assert check_go_ahead(said, TOO_LATE) is True
    assert (said.decided_by, said.way, said.decided_at) == ("mia", "command", LATER.isoformat())
    denied = answer(question(), Answer.DENIED, by="tom", way=Way.MARKER, at=LATER)
    with pytest.raises(ApprovalDenied, match=r"USD 12\.00 for batch film/day-1 was denied by tom"):
        check_go_ahead(denied, LATER)


def test_silence_ends_the_waiting_politely() -> None:
    assert look(question(), LATER) == question()
    assert look(question(), TOO_LATE).state is ApprovalState.EXPIRED
    with pytest.raises(ApprovalExpired, match="Nothing was spent; drop the manifest again"):
        check_go_ahead(question(), TOO_LATE)
    with pytest.raises(ApprovalExpired):
        answer(question(), Answer.APPROVED, by="mia", way=Way.COMMAND, at=TOO_LATE)


def test_the_first_answer_stands() -> None:
    said = approved(question())
    assert answer(said, Answer.APPROVED, by="tom", way=Way.LINK, at=TOO_LATE) == said
    with pytest.raises(AlreadyDecided, match=r"approved on .* by mia"):
        answer(said, Answer.DENIED, by="tom", way=Way.MARKER, at=LATER)
    assert issubclass(AlreadyDecided, InvalidInput)


@given(
    st.lists(st.tuples(st.sampled_from(Answer), st.integers(0, 100)), max_size=8),
)
def test_no_order_of_answers_changes_a_decision(said: list[tuple[Answer, int]]) -> None:
    approval, decided = question(), ApprovalState.WAITING
    for word, hours in said:
        at = ASKED + timedelta(hours=hours)
        try:
            approval = answer(approval, word, by="x", way=Way.MARKER, at=at)
        except (AlreadyDecided, ApprovalExpired):
            approval = look(approval, at)
        if decided is not ApprovalState.WAITING:
            assert approval.state is decided
        decided = approval.state
        assert bool(approval.nonce) == (decided is ApprovalState.WAITING)


def test_markers_speak_only_of_prices_that_were_known() -> None:
    put = ASKED.replace(microsecond=0)  # S3 tells whole seconds
    assert said_by_marker("film/day-1/APPROVED", put, question()) is Answer.APPROVED
    assert said_by_marker("film/day-1/denied", LATER, question()) is Answer.DENIED
    assert said_by_marker("film/day-1/CANCEL", LATER, question()) is None
    before = ASKED - timedelta(seconds=1)
    assert said_by_marker("film/day-1/APPROVED", before, question()) is None


def test_a_link_answers_once_and_takes_its_twin_with_it() -> None:
    approve, deny = (link_token(KEY, question(), said) for said in Answer)
    said = answer_by_link(question(), read_token(KEY, approve, LATER), LATER)
    assert (said.state, said.way) == (ApprovalState.APPROVED, Way.LINK)
    for token in (approve, deny):
        with pytest.raises(LinkRefused):
            answer_by_link(said, read_token(KEY, token, LATER), LATER)


def test_a_link_is_good_for_its_question_and_its_time_alone() -> None:
    token = link_token(KEY, question(), Answer.APPROVED)
    with pytest.raises(LinkRefused):
        read_token(KEY, token, TOO_LATE)
    claim = read_token(KEY, token, LATER)
    dearer = question().changed(estimate=13_000_000)
    for other in (None, question("run-2"), question(nonce="n2"), dearer):
        with pytest.raises(LinkRefused):
            answer_by_link(other, claim, LATER)


def test_forged_links_are_refused() -> None:
    token = link_token(KEY, question(), Answer.DENIED)
    payload, _, signature = token.partition(".")
    claim = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    forged = base64.urlsafe_b64encode(json.dumps({**claim, "a": "approved"}).encode()).decode()
    for bad in (
        "",
        ".",
        payload,
        f"{payload}.",
        f"{forged.rstrip('=')}.{signature}",
        f"{payload}.{signature[:-2]}",
        token + "A",
        link_token(b"x" * 32, question(), Answer.DENIED),
        "é.é",
    ):
        with pytest.raises(LinkRefused):
            read_token(KEY, bad, LATER)


def test_a_short_key_signs_nothing() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        link_token(b"short", question(), Answer.APPROVED)


def test_secrets_of_a_question_are_not_printed() -> None:
    shown = repr(question(nonce="hush").changed(resume="task-token"))
    assert "hush" not in shown
    assert "task-token" not in shown


def test_questions_are_kept_by_run_and_answered_by_one(store: ApprovalStore) -> None:
    first = store.save_approval(question())
    store.save_approval(question("run-2"))
    other = Folder("film", "day-1#2")
    store.save_approval(
        ask(other, "run-3", estimate=1, threshold=0, at=ASKED, nonce="n", resume="t")
    )
    assert [each.run_id for each in store.approvals(FILM)] == ["run-1", "run-2"]
    assert store.approval(FILM, "run-1") == first
    store.save_approval(approved(first))
    with pytest.raises(Conflict):
        store.save_approval(approved(first))
