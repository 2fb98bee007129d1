"""A batch's money: the books, the questions about prices, and what its end gives back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shared.budget.approval import Approval
from shared.budget.ledger import Ledger
from shared.budget.questions import Questions
from shared.pipeline.services import RunRef

AnswerLinks = Callable[[Approval], Mapping[str, str]]
"""One-time links that answer a question, by what they say; none where there is no key."""


def no_answer_links(_approval: Approval) -> Mapping[str, str]:
    """Where nothing can be signed."""
    return {}


@dataclass(frozen=True, kw_only=True)
class Till:
    """The books and the questions about prices."""

    ledger: Ledger
    questions: Questions
    links: AnswerLinks = no_answer_links


def release_budget(till: Till, run: RunRef) -> None:
    """A batch has ended: what no attempt has drawn is free again, and nobody need be asked."""
    till.ledger.close_batch(run.project_id, run.run_id)
    till.questions.withdraw(run.folder, run.run_id)
