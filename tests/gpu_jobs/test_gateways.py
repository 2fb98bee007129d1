"""The engines `worker` and `modal` as the jobs engine sees them, and what they cost."""

import json
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest

from shared.budget.entry import CostSource
from shared.budget.ledger import Ledger
from shared.budget.memory import MemoryLedger
from shared.budget.money import MICRO
from shared.budget.prices import catalogue_price
from shared.budget.project import Project
from shared.budget.treasury import LedgerTreasury
from shared.catalog.catalog import find_model
from shared.catalog.pricing import Quote, Unpriced
from shared.errors import InvalidInput, Transient
from shared.gpu_jobs.document import GpuJob
from shared.gpu_jobs.engines import own_engines
from shared.gpu_jobs.gpu import price_of_gpu, tiers
from shared.gpu_jobs.messages import Said, Word
from shared.gpu_jobs.modal import CallReading, CallState, ModalGateway
from shared.gpu_jobs.price import price_anywhere
from shared.gpu_jobs.receive import receive
from shared.gpu_jobs.report import Made, Report, RunOutcome
from shared.gpu_jobs.worker import WorkerGateway
from shared.jobs.job import Job
from shared.jobs.outcome import Billed, JobState, Outcome, Reading, SubmitReading
from shared.jobs.ports import Down, ResultUnusable
from shared.keys import job_report_key, job_result_key
from tests.gpu_jobs.desk import NOW, SVD, WAN, WORK, MemoryObjects, Records, gpu_job, paper

T = NOW.timestamp()


@dataclass
class Queues:
    sent: list[tuple[str, str]] = field(default_factory=list)
    fault: Exception | None = None

    def send(self, gpu_class: str, message: str) -> None:
        if self.fault:
            raise self.fault
        self.sent.append((gpu_class, message))


@dataclass
class Calls:
    state: CallState = CallState.RUNNING
    spawned: list[GpuJob] = field(default_factory=list)

    def spawn(self, document: GpuJob) -> SubmitReading:
        self.spawned.append(document)
        return SubmitReading(job_id="fc-1")

    def look(self, call_id: str) -> CallReading:
        return CallReading(state=self.state)

    def cancel(self, call_id: str) -> bool:
        return bool(call_id)


def worker(queues: Queues | None = None, **more: object) -> WorkerGateway:
    return WorkerGateway(
        paper=paper(gpus=("rtx4090",)),
        records=Records(),
        objects=MemoryObjects(),
        queues=queues or Queues(),
        now=lambda: T,
        **more,  # type: ignore[arg-type]  # fields of the dataclass, by name
    )


def at_modal(calls: Calls) -> ModalGateway:
    return ModalGateway(
        paper=paper(), records=Records(), objects=MemoryObjects(), calls=calls, now=lambda: T
    )


def report(job: Job, outcome: RunOutcome = RunOutcome.SUCCEEDED, **more: object) -> Report:
    made = Made(size_bytes=5, sha256="", width=64, height=32, fps="30", frame_count=120)
    facts = {"made": made, "gpu_seconds": 100, "gpu": "NVIDIA L40S", **more}
    return Report(job_id=job.job_id, outcome=outcome, model=SVD, gpu_class="rtx4090", **facts)


def put_report(gateway: WorkerGateway | ModalGateway, job: Job, written: Report | bytes) -> None:
    data = written if isinstance(written, bytes) else written.model_dump_json().encode()
    gateway.objects.write(WORK, job_report_key(job.job_id), data, content_type="application/json")


def test_a_worker_gets_the_whole_document_and_no_keys_of_ours() -> None:
    queues = Queues()
    job = gpu_job()
    assert worker(queues).submit(job).job_id == job.job_id
    ((gpu, message),) = queues.sent
    document = GpuJob.model_validate_json(message)
    assert gpu == "rtx4090"
    assert document.repo == "stabilityai/stable-video-diffusion-img2vid-xt-1-1"
    assert document.addresses.result.endswith("result.mp4?put")
    assert "AKIA" not in message


def test_a_prompt_too_long_for_a_message_is_refused_before_anything_is_sent() -> None:
    queues = Queues()
    said = worker(queues).submit(gpu_job(WAN, prompt="wave " * 60_000))
    assert said.ending is not None
    assert said.ending.billed is Billed.NO
    assert "prompts have 300,000 characters" in said.ending.message
    assert not queues.sent
    assert worker(queues).submit(gpu_job(WAN, prompt="wave " * 20_000)).job_id


def test_a_queue_that_does_not_answer_is_sent_to_again_and_nothing_stays_in_doubt() -> None:
    said = worker(Queues(fault=Transient("no answer"))).submit(gpu_job())
    assert said.ending is not None
    assert said.ending.retryable
    assert not said.ambiguous
    assert worker().lookup(gpu_job()) == SubmitReading(job_id="a" * 32)
    refused = worker(Queues(fault=InvalidInput("no such queue"))).submit(gpu_job())
    assert refused.ending is not None
    assert not refused.ending.retryable


def test_the_end_is_read_from_the_report_even_if_no_callback_ever_came() -> None:
    gateway, job = worker(), gpu_job()
    waiting = gateway.poll(job)
    assert isinstance(waiting, Reading)
    assert (waiting.ending, waiting.provider_status) == (None, "waiting for a GPU")
    put_report(gateway, job, report(job))
    reading = gateway.poll(job)
    assert isinstance(reading, Reading)
    assert reading.ending is not None
    assert reading.ending.outcome is Outcome.SUCCEEDED
    assert (reading.ending.cost_usd, reading.ending.measured) == (0.0, True)


def test_what_is_fetched_is_what_was_reported() -> None:
    gateway, job = worker(), gpu_job()
    with pytest.raises(Transient):
        gateway.fetch(job)
    put_report(gateway, job, report(job))
    with pytest.raises(ResultUnusable, match="not there"):
        gateway.fetch(job)
    key = job_result_key(job.job_id)
    gateway.objects.write(WORK, key, b"half", content_type="video/mp4")
    with pytest.raises(ResultUnusable, match="4 bytes"):
        gateway.fetch(job)
    gateway.objects.write(WORK, key, b"whole", content_type="video/mp4")
    assert gateway.fetch(job).key == key


FILELESS = b'{"job_id": "a", "outcome": "succeeded", "model": "m", "gpu_class": "h100"}'


@pytest.mark.parametrize("junk", [b"", b"{}", b"not json", FILELESS])
def test_a_report_that_is_none_is_a_failure_that_says_so(junk: bytes) -> None:
    gateway, job = worker(), gpu_job()
    put_report(gateway, job, junk)
    reading = gateway.poll(job)
    assert isinstance(reading, Reading)
    assert reading.ending is not None
    assert reading.ending.outcome is Outcome.FAILED
    assert "cannot be read" in reading.ending.message


def test_a_cancelled_job_that_nobody_took_ends_free_and_one_in_the_works_does_not() -> None:
    gateway = worker()
    job = gpu_job().model_copy(update={"cancel_requested": True})
    reading = gateway.poll(job)
    assert isinstance(reading, Reading)
    assert reading.ending is not None
    assert (reading.ending.outcome, reading.ending.billed) == (Outcome.CANCELLED, Billed.NO)
    receive(gateway.records, gpu_job(), Said(word=Word.CLAIM, runner="one"), T)
    held = gateway.poll(job)
    assert isinstance(held, Reading)
    assert held.ending is None


def test_addresses_are_signed_again_when_a_runner_wants_them() -> None:
    gateway, job = worker(), gpu_job()
    receive(gateway.records, job, Said(word=Word.CLAIM, runner="one"), T)
    receive(gateway.records, job, Said(word=Word.REFRESH, runner="one"), T)
    gateway.poll(job)
    answer = receive(gateway.records, job, Said(word=Word.REFRESH, runner="one"), T)
    assert answer.addresses is not None
    assert answer.addresses.inputs == {"image": "https://s3/work/jobs/a/keyframe.png?get"}


def test_modal_charges_every_gpu_second_that_was_heard_of_at_the_price_of_the_actual_gpu() -> None:
    calls = Calls()
    gateway, job = at_modal(calls), gpu_job(engine="modal")
    job = job.model_copy(update={"provider_job_id": "fc-1"})
    claim = Said(word=Word.CLAIM, runner="modal/fc-1", lease_sec=60)
    beat = replace_word(claim, Word.PROGRESS, gpu_seconds=50.0, gpu="NVIDIA A100-SXM4-80GB")
    receive(gateway.records, job, claim, T)
    receive(gateway.records, job, beat, T)
    receive(gateway.records, job, claim, T + 70)  # preempted: the same call, begun anew
    put_report(gateway, job, report(job, gpu="NVIDIA A100-SXM4-80GB"))
    reading = gateway.poll(job)
    assert isinstance(reading, Reading)
    assert reading.ending is not None
    assert reading.ending.cost_usd == pytest.approx(150 * 2.50 / 3600)


def replace_word(said: Said, word: Word, **more: object) -> Said:
    return said.model_copy(update={"word": word, **more})


@pytest.mark.parametrize(
    ("state", "cancelled", "outcome", "billed"),
    [
        (CallState.FAILED, False, Outcome.FAILED, Billed.YES),
        (CallState.TIMED_OUT, False, Outcome.FAILED, Billed.YES),
        (CallState.VANISHED, False, Outcome.FAILED, Billed.YES),
        (CallState.RETURNED, False, Outcome.FAILED, Billed.YES),
        (CallState.FAILED, True, Outcome.CANCELLED, Billed.NO),
    ],
)
def test_a_call_that_ends_without_a_report_still_ends(
    state: CallState, cancelled: bool, outcome: Outcome, billed: Billed
) -> None:
    gateway = at_modal(Calls(state))
    job = gpu_job(engine="modal").model_copy(update={"cancel_requested": cancelled})
    reading = gateway.poll(job)
    assert isinstance(reading, Reading)
    assert reading.ending is not None
    assert (reading.ending.outcome, reading.ending.billed) == (outcome, billed)


def test_nobody_at_modal_to_be_asked_is_no_answer() -> None:
    gateway = at_modal(Calls(CallState.NOBODY_SAYS))
    assert isinstance(gateway.poll(gpu_job(engine="modal")), Down)


def test_a_call_that_was_sent_away_does_not_end_the_job_of_the_one_that_runs_it() -> None:
    gateway = at_modal(Calls(CallState.RETURNED))
    job = gpu_job(engine="modal").model_copy(update={"provider_job_id": "fc-2"})
    receive(gateway.records, job, Said(word=Word.CLAIM, runner="modal/fc-1"), T)
    reading = gateway.poll(job)
    assert isinstance(reading, Reading)
    assert reading.ending is None


def test_a_lost_spawn_is_found_when_its_run_has_spoken() -> None:
    gateway, job = at_modal(Calls()), gpu_job(engine="modal")
    assert gateway.lookup(job) is None
    receive(gateway.records, job, Said(word=Word.CLAIM, runner="modal/fc-9"), T)
    assert gateway.lookup(job) == SubmitReading(job_id="fc-9")


def test_the_ledger_books_measured_gpu_seconds() -> None:
    store = MemoryLedger()
    store.save_project(Project(name="film", monthly_budget=100 * MICRO))
    values = {"MODAL_TOKEN_ID": "i", "MODAL_TOKEN_SECRET": "s"}

    def price(row, request, engine):  # type: ignore[no-untyped-def]  # a pricer as `rank` has it
        return price_anywhere(values, row, request, engine)

    treasury = LedgerTreasury(
        ledger=Ledger(store=store, now=lambda: NOW),
        price_of=lambda job: catalogue_price(job, price),
    )
    gateway, job = at_modal(Calls()), gpu_job(engine="modal")
    treasury.reserve(job)
    entry = store.entry("film", job.job_id)
    assert entry is not None
    assert entry.reserved == pytest.approx(2.50 * MICRO)  # an hour of the dearest in the tier
    assert entry.price is not None
    assert entry.price.verification == "reported"
    put_report(gateway, job, report(job))
    reading = gateway.poll(job)
    assert isinstance(reading, Reading)
    done = job.model_copy(update={"state": JobState.SUCCEEDED, "ending": reading.ending})
    treasury.close(done)
    entry = store.entry("film", job.job_id)
    assert entry is not None
    assert entry.cost_source is CostSource.MEASURED_GPU
    assert entry.actual == pytest.approx(100 * 1.95 / 3600 * MICRO, abs=1)


def test_engines_are_there_when_their_settings_are() -> None:
    queues = {"rtx4090": "https://queue"}
    listening = {"CALLBACK_SECRET": "c", "WORKER_GPUS": "rtx4090"}
    assert own_engines({}, queues) == frozenset()
    assert own_engines(listening, queues) == {"worker"}
    assert own_engines(listening, {}) == frozenset()
    assert own_engines({"WORKER_GPUS": "rtx4090"}, queues) == frozenset()
    assert own_engines({"MODAL_TOKEN_ID": "i", "MODAL_TOKEN_SECRET": "s"}, {}) == {"modal"}


def test_a_price_has_a_ceiling_even_where_nobody_has_measured() -> None:
    row = find_model(WAN)
    assert row is not None
    request = gpu_job(WAN).request
    known = price_anywhere({}, row, request.model_copy(update={"params": {"gpu": "h100"}}), "modal")
    assert isinstance(known, Quote)
    # 65 of the 81 frames that the measured figure is of, and handing on
    seconds = 235.9 * 65 / 81 + 1.1
    assert float(known.expected) == pytest.approx(seconds * 3.95 / 3600, rel=1e-3)
    assert known.basis.startswith("190.4 GPU s: arithmetic, from 235.9 s for 832×480, 81 frames")
    assert known.high == Decimal("3.95") / 3600 * 2400
    attached = {"WORKER_GPUS": "rtx4090"}
    assert isinstance(price_anywhere(attached, row, request, "worker"), Quote)
    elsewhere = request.model_copy(update={"params": {"gpu": "h100"}})
    guessed = price_anywhere(attached, row, request, "worker")
    assert isinstance(guessed, Quote)
    assert guessed.basis.startswith("1800.0 GPU s: a guess")
    refused = price_anywhere(attached, row, elsewhere, "worker")
    assert isinstance(refused, Unpriced)
    assert "no `h100` is attached here" in refused.reason


def test_the_actual_gpu_is_recognised_by_what_its_driver_calls_it() -> None:
    tier = tiers()["a100"]
    named = {
        "NVIDIA A100-SXM4-80GB": "A100-80GB",
        "NVIDIA A100 80GB PCIe": "A100-80GB",
        "NVIDIA H100 80GB HBM3": "H100",
        "NVIDIA L40S": "L40S",
        "something new": "H100",
        "": "H100",
    }
    assert {name: price_of_gpu(tier, name).kind for name in named} == named


def test_documents_and_reports_are_json_all_the_way() -> None:
    job = gpu_job()
    assert json.loads(report(job).model_dump_json())["job_id"] == job.job_id
    assert replace(worker(), now=lambda: T).poll_delay_sec(job) >= 1
