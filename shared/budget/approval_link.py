"""One-time links that answer a question, signed so that nobody else can make one.

    <payload>.<signature>     both base64url; payload: JSON of what is answered, how, until when

The signature is HMAC-SHA256 over the payload as it travels (RFC 2104); the key is the deployment's.
The payload carries the question's nonce, which is forgotten with the answer: so each link works
once, and the other link dies with it. Mail scanners open links, so opening one must only show the
question; the answer is the form that is sent from there (POST).
"""

import base64
import binascii
import hashlib
import hmac
import json
from datetime import datetime
from typing import NamedTuple, NoReturn

from shared.budget.approval import Answer, Approval, ApprovalState, Way, answer, look
from shared.budget.errors import LinkRefused
from shared.keys import Folder

PURPOSE = b"dropreel approval link 1\0"
"""Keeps a signature from being good for anything else that the same key signs."""

MIN_KEY_BYTES = 32
TOKEN_LIMIT = 2048


class LinkClaim(NamedTuple):
    """What a token whose signature holds says."""

    folder: Folder
    run_id: str
    said: Answer
    estimate: int
    nonce: str


def link_token(key: bytes, approval: Approval, said: Answer) -> str:
    """A token that gives this answer to this question, once, until the question expires."""
    claim = {
        "p": approval.project_id,
        "b": approval.batch_id,
        "r": approval.run_id,
        "a": said.value,
        "e": approval.estimate,
        "x": approval.expires_at,
        "n": approval.nonce,
    }
    payload = _encode(json.dumps(claim, separators=(",", ":")).encode())
    return f"{payload}.{_encode(_signature(key, payload))}"


def read_token(key: bytes, token: str, at: datetime) -> LinkClaim:
    """What a token says, if we made it; whether it was used is for `answer_by_link` to know.

    Raises
    ------
    LinkRefused : we did not make it, or it is too old.
    """
    if len(key) < MIN_KEY_BYTES:  # this deployment makes no links, so nobody has one
        _refuse()
    payload, _, signature = token[:TOKEN_LIMIT].partition(".")
    expected = _signature(key, payload)
    try:
        genuine = hmac.compare_digest(_decode(signature), expected)
    except ValueError:
        genuine = False
    if not genuine:
        _refuse()
    claim = json.loads(_decode(payload))
    if at >= datetime.fromisoformat(claim["x"]):
        _refuse()
    return LinkClaim(
        folder=Folder(claim["p"], claim["b"]),
        run_id=claim["r"],
        said=Answer(claim["a"]),
        estimate=claim["e"],
        nonce=claim["n"],
    )


def answer_by_link(approval: Approval | None, claim: LinkClaim, at: datetime) -> Approval:
    """The question with the answer of a genuine link.

    Raises
    ------
    LinkRefused : it was used, is too old, or belongs to another question.
    """
    if approval is None:
        _refuse()
    now = look(approval, at)
    fresh = now.state is ApprovalState.WAITING and bool(now.nonce)
    same = (now.folder, now.run_id, now.estimate) == (claim.folder, claim.run_id, claim.estimate)
    if not (fresh and same and hmac.compare_digest(now.nonce.encode(), claim.nonce.encode())):
        _refuse()
    return answer(now, claim.said, by="one-time link", way=Way.LINK, at=at)


def _refuse() -> NoReturn:
    raise LinkRefused(
        "This link does not work any more: it was used, it expired, or it was cut short on its "
        "way. The batch's `_status.json` says where it stands; `dropreel approve PROJECT/BATCH` "
        "works too."
    )


def _signature(key: bytes, payload: str) -> bytes:
    if len(key) < MIN_KEY_BYTES:
        raise ValueError(f"a signing key has at least {MIN_KEY_BYTES} bytes")
    return hmac.digest(key, PURPOSE + payload.encode(), hashlib.sha256)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error
