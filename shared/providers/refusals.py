"""What a refusal means: the rules that hold for every provider unless its adapter knows better.

One question decides everything: can the job be running? An HTTP status answers it only where the
status says that the request was turned away. Everything else is ambiguous, and an ambiguous submit
is never sent again.

    refused     301, 307, 308; 400–499 except those below
    ambiguous   302, 303; 408, 409, 425, 499; 500–599; a success that cannot be read

RFC 9110: a 408 or 409 may be said by a proxy about a request that went through, and 302 and 303 are
commonly sent after the work was done.
"""

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from shared.jobs.outcome import Billed, Ending, Outcome, SubmitReading
from shared.providers.call import Answer

AMBIGUOUS_STATUSES = frozenset({302, 303, 408, 409, 425, 499})

MODERATION = re.compile(
    r"nsfw|moderat|content[ _-]?(policy|safety|filter|violat|blocked)|safety[ _-]?(filter|system|"
    r"setting|check)|sensitive|prohibited|responsible ai|violat\w* \w* ?(policy|policies|guideline)"
    r"|flagged|usage guidelines",
    re.IGNORECASE,
)
NO_CREDIT = re.compile(
    r"insufficient[ _-]?(credit|balance|fund)|(not|n't) (have )?enough (credit|balance)|"
    r"out of credit|"
    r"exhausted balance|balance (is )?(not enough|exhausted|too low|insufficient)|top[ -]?up|"
    r"payment required|prepay\w* (credits? )?(is |are )?(depleted|exhausted)",
    re.IGNORECASE,
)
RATE_LIMIT = re.compile(r"rate[ _-]?limit|too many requests|throttl|concurren", re.IGNORECASE)

LONGEST_MESSAGE = 300
MOST_RETRY_AFTER_SEC = 900.0


def clean(text: str) -> str:
    """A provider's words, fit for people and logs: one line, short, no query strings, no keys."""
    line = " ".join(text.split())
    line = re.sub(r"(https?://[^\s?#\"']+)[?#][^\s\"']*", r"\1?…", line)
    line = re.sub(r"data:[\w/+.-]+;base64,\S+", "data:…", line)
    line = re.sub(r"\b(Bearer|Key|Token)\s+\S{8,}", r"\1 …", line, flags=re.IGNORECASE)
    line = re.sub(r"\b(?:sk|key|r8|whsec)[-_]\w{8,}", "…", line)
    return line if len(line) <= LONGEST_MESSAGE else f"{line[: LONGEST_MESSAGE - 1]}…"


def sort_failure(text: str) -> Outcome:
    """Which kind of failure a provider's words describe."""
    if MODERATION.search(text):
        return Outcome.MODERATED
    if NO_CREDIT.search(text):
        return Outcome.NO_CREDIT
    return Outcome.FAILED


def ended(
    outcome: Outcome,
    message: str,
    *,
    billed: Billed,
    retryable: bool = False,
    cost_usd: float | None = None,
) -> Ending:
    """An ending whose message is fit to be shown."""
    return Ending(
        outcome=outcome,
        billed=billed,
        retryable=retryable,
        message=clean(message),
        cost_usd=cost_usd,
    )


def failed(
    text: str, *, billed: Billed, retryable: bool = False, cost_usd: float | None = None
) -> Ending:
    """The ending of a job that failed with these words; a moderated one is never retryable."""
    outcome = sort_failure(text)
    return ended(
        outcome,
        text or "the provider gave no reason",
        billed=billed,
        retryable=retryable and outcome is Outcome.FAILED,
        cost_usd=cost_usd,
    )


def succeeded(cost_usd: float | None = None) -> Ending:
    return Ending(outcome=Outcome.SUCCEEDED, billed=Billed.YES, retryable=False, cost_usd=cost_usd)


def empty_handed() -> Ending:
    """It says that it finished, and there is no file."""
    return ended(Outcome.FAILED, "finished without a file", billed=Billed.UNKNOWN, retryable=True)


def accepted(job_id: str, poll_url: str = "", cancel_url: str = "") -> SubmitReading:
    return SubmitReading(job_id=job_id, poll_url=poll_url or None, cancel_url=cancel_url or None)


def unknown(why: str) -> SubmitReading:
    """Nobody can say whether the job runs."""
    return SubmitReading(ambiguous=clean(why))


def refused(
    outcome: Outcome,
    message: str,
    *,
    billed: Billed = Billed.NO,
    retryable: bool = False,
    retry_after_sec: float | None = None,
) -> SubmitReading:
    """Turned away: nothing runs."""
    ending = ended(outcome, message, billed=billed, retryable=retryable)
    return SubmitReading(ending=ending, retry_after_sec=retry_after_sec)


def rate_limited(answer: Answer, message: str) -> SubmitReading:
    return refused(
        Outcome.RATE_LIMITED, message, retryable=True, retry_after_sec=retry_after(answer)
    )


def read_refusal(answer: Answer, message: str) -> SubmitReading:
    """What an answer without a job id means, by the general rules.

    Parameters
    ----------
    message : the provider's own words in that answer, "" when it has none.
    """
    said = message or answer.body[:200].decode("utf-8", "replace")
    words = f"HTTP {answer.status}: {said}"
    status = answer.status
    if status == 429:
        return rate_limited(answer, words)
    if status == 402:
        return refused(Outcome.NO_CREDIT, words)
    if status in {301, 307, 308}:
        return refused(Outcome.FAILED, f"{words} (is the base URL right?)")
    if 400 <= status < 500 and status not in AMBIGUOUS_STATUSES:
        return refused(sort_failure(said), words)
    if status >= 500 and message and MODERATION.search(message):
        # Some vendors refuse a picture with an internal error (facts: gotcha 3). The words make the
        # refusal certain; whether it was charged they do not say.
        return refused(Outcome.MODERATED, words, billed=Billed.UNKNOWN)
    return unknown(words)


def retry_after(answer: Answer) -> float | None:
    """`Retry-After` in seconds, given as seconds or as a date (RFC 9110, 10.2.3)."""
    value = answer.headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            then = parsedate_to_datetime(value)
        except ValueError:
            return None
        then = then if then.tzinfo else then.replace(tzinfo=UTC)
        seconds = (then - datetime.now(UTC)).total_seconds()
    return None if math.isnan(seconds) else min(max(seconds, 0.0), MOST_RETRY_AFTER_SEC)
