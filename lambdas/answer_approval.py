"""AnswerApproval: the page behind a one-time link, and the answer that its button sends."""

import base64
from typing import Any
from urllib.parse import parse_qs

from lambdas.money_wiring import approvals, signing_key
from lambdas.observability import logger
from lambdas.wiring import Event, logged, services
from shared.budget.approval_page import HEADERS, answered_page, question_page, refused_page
from shared.budget.errors import LinkRefused

FORM_LIMIT = 8192


@logged
def handler(event: Event, _context: Any) -> Event:
    asked = approvals(services())
    posted = event["requestContext"]["http"]["method"] == "POST"
    token = _form(event) if posted else (event.get("queryStringParameters") or {}).get("a", "")
    try:
        if not posted:
            approval, said = asked.questions.look_at_link(signing_key(), token)
            return _answer(200, question_page(approval, said, token))
        approval = asked.questions.answer_by_link(signing_key(), token)
    except LinkRefused as error:
        logger.warning("approval link refused")
        return _answer(410, refused_page(error.message))
    asked.wake(approval)
    logger.info("approval", answer=approval.state.value, run=approval.run_id)
    return _answer(200, answered_page(approval))


def _form(event: Event) -> str:
    body = str(event.get("body") or "")[:FORM_LIMIT]
    raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    return parse_qs(raw.decode("utf-8", "replace")).get("a", [""])[0]


def _answer(status: int, page: str) -> Event:
    return {"statusCode": status, "headers": HEADERS, "body": page}
