"""Who may run a job: claims that hold, run out, are taken over, and come to an end."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.gpu_jobs.document import Addresses
from shared.gpu_jobs.messages import Said, Stage, Verdict, Word
from shared.gpu_jobs.receive import receive
from shared.gpu_jobs.record import MOST_CLAIMS, GpuRecord, hear
from shared.jobs.outcome import Billed, Ending, JobState, Outcome
from tests.gpu_jobs.desk import NOW, Records, gpu_job

T = NOW.timestamp()


def said(word: Word, runner: str = "one", **more: object) -> Said:
    return Said(word=word, runner=runner, lease_sec=60, **more)


def test_the_first_who_claims_has_it_and_the_second_is_sent_away() -> None:
    records, job = Records(), gpu_job()
    assert receive(records, job, said(Word.CLAIM), T).verdict is Verdict.GO
    answer = receive(records, job, said(Word.CLAIM, "two"), T + 10)
    assert answer.verdict is Verdict.BUSY
    assert answer.retry_after_sec == 50


def test_a_claim_lives_as_long_as_its_runner_is_heard_and_is_then_taken_over() -> None:
    records, job = Records(), gpu_job()
    receive(records, job, said(Word.CLAIM), T)
    receive(records, job, said(Word.PROGRESS, gpu_seconds=40), T + 50)
    assert receive(records, job, said(Word.CLAIM, "two"), T + 100).verdict is Verdict.BUSY
    assert receive(records, job, said(Word.CLAIM, "two"), T + 111).verdict is Verdict.GO
    late = receive(records, job, said(Word.PROGRESS, gpu_seconds=90), T + 112)
    assert late.verdict is Verdict.LOST
    record = records.rows[job.job_id]
    assert (record.runner, record.lost_gpu_seconds, record.claims) == ("two", 40, 2)


def test_a_job_that_ends_all_its_runners_is_given_up() -> None:
    records, job = Records(), gpu_job()
    at = T
    for turn in range(MOST_CLAIMS):
        assert receive(records, job, said(Word.CLAIM, f"r{turn}"), at).verdict is Verdict.GO
        at += 61
    assert receive(records, job, said(Word.CLAIM, "another"), at).verdict is Verdict.DONE
    assert records.rows[job.job_id].given_up(at)


def test_a_cancelled_job_stops_whoever_speaks_of_it() -> None:
    job = gpu_job().model_copy(update={"cancel_requested": True})
    for word in (Word.CLAIM, Word.PROGRESS, Word.REFRESH):
        assert hear(None, said(word), job, T)[1].verdict is Verdict.CANCEL


def test_a_job_that_has_ended_is_done_but_one_that_timed_out_may_still_be_finished() -> None:
    ending = Ending(outcome=Outcome.FAILED, billed=Billed.YES, retryable=False)
    failed = gpu_job().model_copy(update={"state": JobState.FAILED, "ending": ending})
    assert hear(None, said(Word.CLAIM), failed, T)[1].verdict is Verdict.DONE
    late = ending.model_copy(update={"outcome": Outcome.TIMED_OUT})
    timed_out = failed.model_copy(update={"ending": late})
    assert hear(None, said(Word.CLAIM), timed_out, T)[1].verdict is Verdict.GO
    after = T + timedelta(days=1).total_seconds()
    assert hear(None, said(Word.CLAIM), timed_out, after)[1].verdict is Verdict.DONE


def test_fresh_addresses_are_wanted_first_and_handed_over_once_signed() -> None:
    records, job = Records(), gpu_job()
    receive(records, job, said(Word.CLAIM), T)
    assert receive(records, job, said(Word.REFRESH), T).addresses is None
    record = records.rows[job.job_id]
    assert record.wants_addresses
    fresh = Addresses(result="r", report="p", report_there="g")
    records.save_record(
        record.model_copy(update={"addresses": fresh, "signed_at": T + 1, "wants_addresses": False})
    )
    assert receive(records, job, said(Word.REFRESH), T + 2).addresses == fresh
    assert receive(records, job, said(Word.REFRESH), T + 3600).addresses is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["one", "two", "three"]),
            st.sampled_from([Word.CLAIM, Word.PROGRESS]),
            st.floats(0, 200),
        ),
        max_size=30,
    )
)
def test_never_do_two_runners_hold_a_job_at_once(steps: list[tuple[str, Word, float]]) -> None:
    """Whatever is said in whatever order: between a GO and the lease's end nobody else gets one."""
    job, record, at = gpu_job(), None, T
    held_by, until = "", 0.0
    for runner, word, later in steps:
        at += later
        record, answer = hear(record, said(word, runner), job, at)
        if answer.verdict is Verdict.GO:
            assert held_by in ("", runner) or at >= until
            held_by, until = runner, at + 60
    assert record is None or record.claims <= MOST_CLAIMS


def test_progress_only_rises_and_names_the_gpu() -> None:
    record = GpuRecord(job_id="a", runner="one", lease_until=T + 60, heard_at=T, percent=40)
    told = said(Word.PROGRESS, stage=Stage.GENERATING, percent=30, gpu="NVIDIA L40S")
    after, _ = hear(record, told, gpu_job(), T)
    assert after is not None
    assert (after.percent, after.stage, after.gpu) == (40, Stage.GENERATING, "NVIDIA L40S")
