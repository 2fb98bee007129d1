"""One suite for every adapter, against a server that behaves like its vendor."""

from pathlib import Path
from typing import NamedTuple

import av
import pytest

from shared.errors import Transient
from shared.jobs.outcome import Billed, Outcome, Reading, SubmitReading
from shared.jobs.ports import ResultExpired, ResultUnusable
from shared.providers import ADAPTERS, JobRef, Provider, ProviderNotConfigured
from shared.providers.fake import World
from tests.providers.cases import CASES, KEY, request
from tests.providers.conftest import Open

NAMES = sorted(ADAPTERS)


class Bench(NamedTuple):
    """One provider with its fake vendor."""

    name: str
    provider: Provider
    world: World

    def submit(self, *faults: str, reference: str = "job-1") -> SubmitReading:
        self.world.script(*faults)
        return self.provider.submit(request(), model=CASES[self.name].model, reference=reference)

    def ref(self, reading: SubmitReading, reference: str = "job-1") -> JobRef:
        return self.provider.ref(
            reading.job_id or "",
            CASES[self.name].model,
            reference=reference,
            poll_url=reading.poll_url or "",
            cancel_url=reading.cancel_url or "",
        )

    def start(self, *faults: str) -> JobRef:
        return self.ref(self.submit(*faults))

    def finish(self, job: JobRef) -> Reading:
        reading = self.provider.poll(job)
        assert reading is not None
        assert reading.ending is not None
        return reading

    @property
    def charged(self) -> float:
        return sum(map(self.world.charged_usd, self.world.jobs.values()))


@pytest.fixture(params=NAMES)
def bench(request: pytest.FixtureRequest, open_fake: Open, world: World) -> Bench:
    return Bench(request.param, open_fake(request.param), world)


def test_every_adapter_is_on_the_bench() -> None:
    assert sorted(CASES) == NAMES


def test_a_job_is_submitted_polled_and_fetched(bench: Bench, tmp_path: Path) -> None:
    bench.world.seconds_per_job = 0.2
    job = bench.start()
    early = bench.provider.poll(job)
    assert early is not None
    assert early.ending is None
    bench.world.seconds_per_job = 0
    next(iter(bench.world.jobs.values())).runs_sec = 0
    reading = bench.finish(job)
    assert reading.ending is not None
    assert (reading.ending.outcome, reading.ending.billed) == (Outcome.SUCCEEDED, Billed.YES)
    file = bench.provider.fetch(job, reading.outputs[0], tmp_path / "clip.mp4")
    assert (file.container, file.size_bytes) == ("mp4", file.path.stat().st_size)
    with av.open(file.path) as video:
        assert sum(1 for _ in video.decode(video=0)) == 24
    assert bench.charged == pytest.approx(0.25)


def test_a_429_is_a_verified_refusal_that_names_its_pause(bench: Bench) -> None:
    reading = bench.submit("429")
    assert reading.ending is not None
    assert (reading.ending.outcome, reading.ending.billed) == (Outcome.RATE_LIMITED, Billed.NO)
    assert reading.ending.retryable
    assert reading.retry_after_sec == 2.0


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [("low-balance", Outcome.NO_CREDIT), ("refused", Outcome.MODERATED)],
)
def test_refusals_are_told_apart(bench: Bench, fault: str, outcome: Outcome) -> None:
    reading = bench.submit(fault)
    assert reading.ending is not None
    assert reading.ending.outcome is outcome
    assert not reading.ending.retryable
    assert bench.charged == 0


@pytest.mark.parametrize(
    "fault",
    [
        "500",
        "500-after-accept",
        "drop-before-accept",
        "drop-after-accept",
        "malformed-after-accept",
        "huge-after-accept",
    ],
)
def test_what_nobody_can_tell_is_ambiguous(bench: Bench, fault: str) -> None:
    reading = bench.submit(fault)
    assert reading.ambiguous
    assert reading.ending is None
    assert reading.job_id is None


@pytest.mark.parametrize(
    ("fault", "accepted"),
    [("hang-before-accept", 0), ("hang-after-accept", 1), ("drip-after-accept", 1)],
)
def test_a_submit_that_is_not_answered_in_time_is_ambiguous(
    fault: str, accepted: int, open_fake: Open, world: World, bench: Bench
) -> None:
    """Whether it was accepted, nobody can tell from here."""
    hasty = bench._replace(provider=open_fake(bench.name, call_deadline_sec=0.3))
    reading = hasty.submit(fault)
    assert reading.ambiguous
    assert reading.ending is None
    assert world.submits == 1
    assert len(world.jobs) == accepted


def test_whatever_happens_a_submit_is_posted_once(bench: Bench) -> None:
    faults = ("", "429", "500", "500-after-accept", "drop-after-accept", "malformed-after-accept")
    for number, fault in enumerate(faults, 1):
        bench.submit(*filter(None, [fault]), reference=f"job-{number}")
        assert bench.world.submits == number


def test_a_server_that_is_not_there_is_a_refusal_that_may_be_tried_again(
    bench: Bench, open_fake: Open
) -> None:
    gone = open_fake(bench.name, base_url="http://127.0.0.1:9")
    reading = bench._replace(provider=gone).submit()
    assert reading.ending is not None
    assert reading.ending.retryable
    assert reading.ending.billed is Billed.NO


def test_a_moderated_job_is_rejected_for_good(bench: Bench) -> None:
    ending = bench.finish(bench.start("moderated")).ending
    assert ending is not None
    assert ending.outcome is Outcome.MODERATED
    assert not ending.retryable
    check_bill(bench, ending.billed)


def test_a_failed_job_is_a_failure_and_its_bill_is_true(bench: Bench) -> None:
    ending = bench.finish(bench.start("failed")).ending
    assert ending is not None
    assert ending.outcome is Outcome.FAILED
    check_bill(bench, ending.billed)


def check_bill(bench: Bench, billed: Billed) -> None:
    """`yes` and `no` must be what the vendor did; `unknown` may be either."""
    if billed is not Billed.UNKNOWN:
        assert (bench.charged > 0) == (billed is Billed.YES)


def test_finished_without_a_file_is_no_success(bench: Bench) -> None:
    ending = bench.finish(bench.start("empty")).ending
    assert ending is not None
    assert ending.outcome is Outcome.FAILED
    assert "file" in ending.message


def test_a_word_that_nobody_knows_means_still_running(bench: Bench) -> None:
    job = bench.start("unknown-status")
    for _ in range(2):
        reading = bench.provider.poll(job)
        assert reading is not None
        assert reading.ending is None
    assert bench.finish(job).outputs


@pytest.mark.parametrize("fault", ["poll-429", "poll-500", "poll-malformed", "poll-huge"])
def test_a_poll_that_goes_wrong_is_no_failed_job(bench: Bench, fault: str) -> None:
    job = bench.start(fault)
    reading = bench.provider.poll(job)
    assert reading is None or reading.ending is None
    assert bench.finish(job).outputs


def test_a_poll_that_hangs_ends_by_itself(bench: Bench, open_fake: Open) -> None:
    hasty = bench._replace(provider=open_fake(bench.name, call_deadline_sec=0.3))
    job = hasty.start("poll-hang")
    assert hasty.provider.poll(job) is None


def test_an_unknown_job_is_not_a_failed_one(bench: Bench) -> None:
    bench.submit()
    reading = bench.provider.poll(bench.provider.ref("0" * 32, CASES[bench.name].model))
    assert reading is None or reading.ending is None


def test_an_expired_result_is_asked_for_again(bench: Bench, tmp_path: Path) -> None:
    job = bench.start("expired-url")
    first = bench.finish(job)
    if first.outputs[0].startswith("inline:"):
        pytest.skip("the result has no address")
    with pytest.raises(ResultExpired):
        bench.provider.fetch(job, first.outputs[0], tmp_path / "clip.mp4")
    again = bench.finish(job)
    assert bench.provider.fetch(job, again.outputs[0], tmp_path / "clip.mp4").size_bytes > 0


@pytest.mark.parametrize("fault", ["foreign-host", "redirect-private", "not-a-video", "huge-file"])
def test_what_may_not_be_fetched_is_not(bench: Bench, fault: str, tmp_path: Path) -> None:
    job = bench.start(fault)
    output = bench.finish(job).outputs[0]
    if output.startswith("inline:") and fault != "not-a-video":
        pytest.skip("the result has no address")
    with pytest.raises(ResultUnusable):
        bench.provider.fetch(job, output, tmp_path / "clip.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_result_that_breaks_off_may_be_fetched_again(bench: Bench, tmp_path: Path) -> None:
    job = bench.start("cut-short")
    output = bench.finish(job).outputs[0]
    wanted = ResultUnusable if output.startswith("inline:") else Transient
    with pytest.raises(wanted):
        bench.provider.fetch(job, output, tmp_path / "clip.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_key_is_a_refusal(bench: Bench, open_fake: Open) -> None:
    if bench.name == "kling":
        pytest.skip("the fake cannot tell a token minted with a wrong secret")
    wrong = open_fake(bench.name, secrets=dict.fromkeys(CASES[bench.name].secrets, "wrong"))
    reading = bench._replace(provider=wrong).submit()
    assert reading.ending is not None
    assert reading.ending.outcome is Outcome.FAILED
    assert bench.world.submits == 0


def test_without_a_key_nothing_is_sent(bench: Bench, open_fake: Open) -> None:
    keyless = open_fake(bench.name, secrets={})
    assert keyless.missing
    with pytest.raises(ProviderNotConfigured, match=next(iter(CASES[bench.name].secrets))):
        bench._replace(provider=keyless).submit()
    assert bench.world.seen == []


def test_a_cancel_reaches_the_provider_that_has_one(bench: Bench) -> None:
    bench.world.seconds_per_job = 60
    job = bench.start()
    heard = bench.provider.cancel(job)
    assert heard is bench.provider.declaration.cancels
    if heard:
        ending = bench.finish(job).ending
        assert ending is not None
        assert ending.outcome in {Outcome.CANCELLED, Outcome.FAILED}
        check_bill(bench, ending.billed)


def test_a_lost_submit_is_found_where_the_provider_can_be_asked(bench: Bench) -> None:
    lost = bench.submit("drop-after-accept", reference="job-lost")
    found = bench.provider.lookup(bench.ref(lost, "job-lost"))
    if not bench.provider.declaration.looks_up:
        assert found is None
        return
    assert found is not None
    assert found.job_id == next(iter(bench.world.jobs))
    stranger = bench.provider.lookup(bench.ref(lost, "never-sent"))
    assert stranger is not None
    assert stranger.ambiguous


def test_no_secret_is_ever_said(bench: Bench) -> None:
    texts = [repr(bench.provider.settings), repr(bench.provider.declaration)]
    for fault in ("refused", "500", "low-balance"):
        texts.append(repr(bench.submit(fault)))
    assert not any(KEY in text for text in texts)


def test_the_declaration_says_what_the_adapter_does(bench: Bench) -> None:
    declaration, adapter = bench.provider.declaration, bench.provider.adapter
    job = bench.provider.ref("some-job", CASES[bench.name].model, reference="r")
    assert (adapter.cancel(job) is not None) is declaration.cancels
    assert (adapter.lookup(job) is not None) is declaration.looks_up
    assert declaration.base_url.startswith("https://")
    assert declaration.result_hosts
    hint = adapter.hinted_job({"id": "x", "task_id": "x", "request_id": "x"})
    assert (hint is None) is (declaration.webhook is None)


def test_a_job_id_cannot_lead_elsewhere(bench: Bench) -> None:
    job = bench.provider.ref("../../other?x=1#", CASES[bench.name].model)
    url = bench.provider.adapter.poll(job).url
    assert ".." not in url
    assert "#" not in url
