"""A person's word on a clip that failed inspection: hand it over all the same, or not.

It is given by dropping `<stem>.review.json` beside the manifest, or with `dropreel review`. It is
kept under the clip's content, so that a later drop of the same clip is not asked about again.
"""

import json
from collections.abc import Iterable
from enum import StrEnum

from pydantic import Field, ValidationError

from shared.clip import Document
from shared.errors import InvalidInput

REASON_LIMIT = 2000
EXAMPLE = '{"verdict": "approve", "reason": "the flicker is the candle"}'


class ReviewVerdict(StrEnum):
    """What a person may say."""

    APPROVE = "approve"
    REJECT = "reject"


class Word(Document):
    """What a `<stem>.review.json` says."""

    verdict: ReviewVerdict
    reason: str = Field("", max_length=REASON_LIMIT)
    by: str = Field("", max_length=120)


class Review(Document):
    """A word with what it was about; `checks` are those that had failed."""

    version: int = 0
    project_id: str
    clip_key: str
    stem: str
    verdict: ReviewVerdict
    reason: str = ""
    by: str
    at: str
    checks: tuple[str, ...] = ()

    @property
    def approved(self) -> bool:
        return self.verdict is ReviewVerdict.APPROVE

    @property
    def rejection(self) -> str:
        """Why the clip is not handed over, for those who asked for it."""
        because = f": {self.reason}" if self.reason else ""
        return f"rejected in review by {self.by}{because}"


def acceptance_rate(reviews: Iterable[Review]) -> float | None:
    """The share of reviewed clips that were approved (seed B097); None where none was."""
    words = [review.approved for review in reviews]
    return sum(words) / len(words) if words else None


def read_word(data: bytes, name: str) -> Word:
    """What a dropped review says.

    Raises
    ------
    InvalidInput : it is no JSON, or says something else; with an example of what may be said.
    """
    try:
        return Word.model_validate(json.loads(data.decode("utf-8-sig")))
    except (ValueError, ValidationError) as error:
        raise InvalidInput(
            f"`{name}` is no review: write {EXAMPLE}; the verdict is `approve` or `reject`."
        ) from error
