"""What people are told about money, in the shape in which the Notify states hand it to SNS."""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from shared.budget.approval import Approval
from shared.budget.ledger import BudgetWarning
from shared.budget.money import MicroUsd, usd, usd_text
from shared.budget.months import resets_on
from shared.notices import SUBJECT_LIMIT, Notification

BREAKDOWN_LIMIT = 20


class MoneyNotice(StrEnum):
    """Values of the `type` attribute, beside those of `shared.notices.NoticeType`."""

    NEEDS_APPROVAL = "needs_approval"
    BUDGET_ALERT = "budget_alert"
    BUDGET_OVERRUN = "budget_overrun"


def approval_notice(
    approval: Approval,
    breakdown: Sequence[tuple[str, MicroUsd]],
    links: Mapping[str, str],
) -> Notification:
    """A batch waits for somebody to accept its price.

    Parameters
    ----------
    breakdown : what the price is made of: a line of text and its amount, dearest first.
    links : where to go; `approve` and `deny` are the one-time links.
    """
    batch = approval.folder.prefix.rstrip("/")
    text = (
        f"batch {batch} may cost {usd_text(approval.estimate)}, above the "
        f"{usd_text(approval.threshold)} that need no approval; "
        f"it waits until {approval.expires_at}"
    )
    ways = (
        f"Drop an empty file `APPROVED` or `DENIED` into {approval.folder.prefix}, or run "
        f"`dropreel approve {batch}` or `dropreel deny {batch}`, or use a link."
    )
    return _notice(
        MoneyNotice.NEEDS_APPROVAL,
        approval.project_id,
        text,
        status=approval.state.value,
        batch=approval.batch_id,
        run_id=approval.run_id,
        estimate_usd=usd(approval.estimate),
        threshold_usd=usd(approval.threshold),
        expires_at=approval.expires_at,
        breakdown=[
            {"what": what, "usd": usd(amount)} for what, amount in breakdown[:BREAKDOWN_LIMIT]
        ],
        how=ways,
        links=dict(links),
    )


def budget_notices(warning: BudgetWarning) -> list[Notification]:
    """A month's budget came to a mark, or was overrun."""
    account = warning.account
    totals: dict[str, Any] = {
        "month": account.month,
        "budget_usd": usd(account.budget),
        "spent_usd": usd(account.settled),
        "reserved_usd": usd(account.reserved),
        "free_usd": usd(account.free),
        "resets_on": resets_on(account.month).isoformat(),
    }
    used = (
        f"{usd_text(account.settled)} spent and {usd_text(account.reserved)} set aside of "
        f"{usd_text(account.budget)} for {account.month}"
    )
    notices = [
        _notice(
            MoneyNotice.BUDGET_ALERT,
            account.project_id,
            f"project {account.project_id} has reached {percent} % of its budget: {used}",
            status=f"{percent}",
            percent=percent,
            **totals,
        )
        for percent in warning.percents
    ]
    if warning.overrun:
        beyond = account.beyond_budget
        state = f"now {usd_text(beyond)} over its budget" if beyond else "still within its budget"
        notices.append(
            _notice(
                MoneyNotice.BUDGET_OVERRUN,
                account.project_id,
                f"project {account.project_id} was charged {usd_text(warning.overrun)} more than "
                f"was set aside; it is {state}: {used}",
                status="over_budget" if beyond else "within_budget",
                overrun_usd=usd(warning.overrun),
                **totals,
            )
        )
    return notices


def _notice(
    type_: MoneyNotice, project: str, text: str, *, status: str, batch: str = "", **facts: Any
) -> Notification:
    subject = " ".join(f"Dropreel: {text}".encode("ascii", "replace").decode().split())
    if len(subject) >= SUBJECT_LIMIT:
        subject = subject[: SUBJECT_LIMIT - 4] + "..."
    names = {"type": type_.value, "project": project, "batch": batch, "status": status}
    # SNS refuses an empty attribute: what concerns no batch names none
    attributes = {name: value for name, value in names.items() if value}
    body = {**attributes, "text": text, **facts}
    return Notification(
        subject=subject, message=json.dumps(body, ensure_ascii=False), attributes=attributes
    )
