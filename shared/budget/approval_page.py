"""The page behind a one-time link: it shows the question, and a button that answers it.

Mail scanners open every link of a message, so opening one must not answer: the button sends a form.
"""

from datetime import UTC, datetime
from html import escape

from shared.budget.approval import Answer, Approval, ApprovalState
from shared.budget.money import usd_text

HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
}

_STYLE = """
body { font: 17px/1.5 system-ui, sans-serif; color: #1c2024; background: #f6f7f9; margin: 0 }
main { max-width: 34rem; margin: 12vh auto; padding: 2rem; background: #fff; border-radius: 12px;
  box-shadow: 0 1px 4px rgb(0 0 0 / 12%) }
h1 { font-size: 1.3rem; margin: 0 0 1rem }
button { font: inherit; padding: .6rem 1.4rem; border: 0; border-radius: 8px; color: #fff;
  background: #16794c; cursor: pointer }
button.denied { background: #b3261e }
@media (prefers-color-scheme: dark) {
  body { color: #e6e8eb; background: #14171a } main { background: #1e2226 } }
"""

_VERBS = {Answer.APPROVED: "Approve", Answer.DENIED: "Deny"}


def question_page(approval: Approval, said: Answer, token: str) -> str:
    """The question, with the button that gives the link's answer."""
    verb = _VERBS[said]
    return _page(
        f"{verb} {usd_text(approval.estimate)}?",
        f"Batch {_name(approval)} may cost {usd_text(approval.estimate)}; "
        f"{usd_text(approval.threshold)} need no approval. "
        f"It waits until {_moment(approval.expires_at)}.",
        f'<form method="post"><input type="hidden" name="a" value="{escape(token, quote=True)}">'
        f'<button class="{said.value}">{verb}</button></form>',
    )


def answered_page(approval: Approval) -> str:
    """What the answer was."""
    went = "goes on" if approval.state is ApprovalState.APPROVED else "is let go"
    return _page(
        f"{approval.state.value.capitalize()}",
        f"Batch {_name(approval)} {went}; {usd_text(approval.estimate)} were asked for.",
    )


def refused_page(why: str) -> str:
    """The link does not work."""
    return _page("This link does not work", why)


def _page(title: str, text: str, more: str = "") -> str:
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} · Dropreel</title><style>{_STYLE}</style>"
        f"<main><h1>{escape(title)}</h1><p>{escape(text)}</p>{more}</main></html>"
    )


def _moment(iso: str) -> str:
    return datetime.fromisoformat(iso).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _name(approval: Approval) -> str:
    return approval.folder.prefix.rstrip("/")
