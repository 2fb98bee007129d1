"""Jobs at Modal through its own client, against a gRPC server on this machine."""

from collections.abc import Iterator

import pytest
from grpclib import Status

from shared.gpu_jobs.modal import CallState
from shared.gpu_jobs.modal_client import ModalClient
from shared.jobs.outcome import Billed, Outcome
from tests.gpu_jobs import modal_town as town_of
from tests.gpu_jobs.desk import SVD, gpu_job, paper
from tests.gpu_jobs.modal_town import ModalTown, modal_town

pytestmark = pytest.mark.filterwarnings("default")
"""What Modal's client warns of is not ours to mend."""

DOCUMENT = paper().document(gpu_job(engine="modal"))


@pytest.fixture(scope="module")
def server() -> Iterator[ModalTown]:
    with modal_town() as town:
        yield town


@pytest.fixture
def town(server: ModalTown, monkeypatch: pytest.MonkeyPatch) -> ModalTown:
    monkeypatch.setenv("MODAL_SERVER_URL", server.url)
    monkeypatch.setenv("MODAL_MAX_THROTTLE_WAIT", "0")
    server.refuse.clear()
    server.deployed = True
    return server


@pytest.fixture
def modal(town: ModalTown) -> ModalClient:
    return ModalClient("ak-test", "as-test")


def test_a_spawned_call_keeps_its_id_and_carries_the_document(
    town: ModalTown, modal: ModalClient
) -> None:
    said = modal.spawn(DOCUMENT)
    assert said.job_id, said
    call = said.job_id
    assert town.spawned[call]["job_id"] == DOCUMENT.job_id
    assert town.spawned[call]["settings"]["seed"] == DOCUMENT.settings.seed
    assert SVD.encode() in town.parameters[-1]


def test_a_clip_that_is_known_to_be_short_shares_its_container(
    town: ModalTown, modal: ModalClient
) -> None:
    """4 steps of A14B take 12 s, 40 take minutes; of the next size nobody knows anything."""
    settings = DOCUMENT.settings.model_copy(
        update={"width": 832, "height": 480, "num_frames": 81, "steps": 4}
    )
    short = DOCUMENT.model_copy(
        update={"model": "wan2.2-i2v-a14b", "gpu_class": "h100", "settings": settings}
    )
    long = short.model_copy(update={"settings": settings.model_copy(update={"steps": 40})})
    said = [modal.spawn(each).job_id for each in (short, long, DOCUMENT)]
    assert [town.methods[call or ""] for call in said] == ["run_beside", "run", "run"]
    shared, *alone = town.options[-3:]
    assert (shared.max_concurrent_inputs, shared.target_concurrent_inputs) == (4, 1)
    assert not any(each.max_concurrent_inputs for each in alone)


@pytest.mark.parametrize(
    ("state", "reading"),
    [
        (town_of.RUNNING, CallState.RUNNING),
        (town_of.DONE, CallState.RETURNED),
        (town_of.FAILED, CallState.FAILED),
        (town_of.TIMED_OUT, CallState.TIMED_OUT),
        (town_of.EXPIRED, CallState.VANISHED),
    ],
)
def test_what_becomes_of_a_call(
    town: ModalTown, modal: ModalClient, state: str, reading: CallState
) -> None:
    town.states["fc-77"] = state
    assert modal.look("fc-77").state is reading


def test_a_call_nobody_can_be_asked_about(town: ModalTown, modal: ModalClient) -> None:
    town.refuse["FunctionGetOutputs"] = Status.UNAVAILABLE
    assert modal.look("fc-77").state is CallState.NOBODY_SAYS


def test_an_app_that_is_not_deployed_is_a_verified_refusal(
    town: ModalTown, modal: ModalClient
) -> None:
    town.deployed = False
    said = modal.spawn(DOCUMENT)
    assert said.ending is not None
    assert (said.ending.billed, said.ending.retryable) == (Billed.NO, False)
    assert "dropreel" in said.ending.message


def test_a_full_house_is_asked_again_later(town: ModalTown, modal: ModalClient) -> None:
    town.refuse["FunctionMap"] = Status.RESOURCE_EXHAUSTED
    said = modal.spawn(DOCUMENT)
    assert said.ending is not None
    assert said.ending.outcome is Outcome.RATE_LIMITED
    assert said.retry_after_sec


def test_a_spawn_whose_answer_is_lost_is_nobodys_to_send_again(
    town: ModalTown, modal: ModalClient
) -> None:
    before = len(town.spawned)
    town.refuse["after FunctionMap"] = Status.INTERNAL
    said = modal.spawn(DOCUMENT)
    assert said.ambiguous
    assert said.ending is None
    assert len(town.spawned) > before, "it does run"


def test_a_call_is_cancelled_and_a_deaf_modal_breaks_nothing(
    town: ModalTown, modal: ModalClient
) -> None:
    assert modal.cancel("fc-5")
    assert town.cancelled[-1] == "fc-5"
    town.refuse["FunctionCallCancel"] = Status.UNAVAILABLE
    assert not modal.cancel("fc-6")
