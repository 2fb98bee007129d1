"""From the environment to the books: ledger, questions about prices, and those who are told."""

from lambdas.environment import environment
from lambdas.keys_wiring import CALLBACK_SECRET, provider_secrets, reachable
from lambdas.observability import logger
from lambdas.wiring import client
from shared.aws.jobs import Tasks
from shared.aws.ledger import DynamoLedger
from shared.aws.notices import SnsNotices
from shared.budget.approval import Answer, Approval
from shared.budget.approval_link import MIN_KEY_BYTES, link_token
from shared.budget.ledger import BudgetWarning, Ledger
from shared.budget.questions import Questions
from shared.pipeline.approvals import Approvals
from shared.pipeline.services import Services
from shared.pipeline.till import Till


def ledger(house: Services) -> Ledger:
    return Ledger(store=_store(house), warn=_warn, now=house.now)


def till(house: Services) -> Till:
    return Till(ledger=ledger(house), questions=_questions(house), links=_answer_links)


def approvals(house: Services) -> Approvals:
    return Approvals(questions=_questions(house), waker=Tasks(client("stepfunctions")))


def signing_key() -> bytes:
    """What one-time links are signed with; empty where ops have made no secret."""
    key = provider_secrets().values().get(CALLBACK_SECRET, "").encode()
    return key if len(key) >= MIN_KEY_BYTES else b""


def _store(house: Services) -> DynamoLedger:
    return DynamoLedger(client("dynamodb"), environment().state_table, house.meter)


def _questions(house: Services) -> Questions:
    return Questions(store=_store(house), patience=environment().approval_wait, now=house.now)


def _warn(warning: BudgetWarning) -> None:
    logger.warning("budget", warning=str(warning))
    topic = environment().creators_topic_arn
    if topic:
        SnsNotices(client("sns"), topic).warn(warning)


def _answer_links(approval: Approval) -> dict[str, str]:
    key, base = signing_key(), reachable(environment().approval_url)
    if not (key and base):
        return {}
    return {
        verb: f"{base}?a={link_token(key, approval, said)}"
        for verb, said in (("approve", Answer.APPROVED), ("deny", Answer.DENIED))
    }
