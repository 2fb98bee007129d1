"""The ledger in the state table.

    pk  project#<name>
    sk  project                   its budget and policies
        month#<2026-11>           the month's totals
        entry#<2026-11>#<job id>  what one attempt reserved and cost
        job#<job id>              which month that entry is in
        hold#<run id>             what a batch has set aside
        approval#<batch>#<run id> a question about a price
    pk  projects, sk <name>       the list of projects

Totals, entry and hold change in one transaction, each under its version: they cannot disagree, and
there is no moment between them. A list of entries inside the month's item would need no transaction
but holds a few hundred (400 KB); a counter beside the entries would drift at the first crash.
`job#` makes a job's reservation unique by its id alone, so that asking again after midnight on the
last of the month finds it. Nothing here expires: books are kept.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from shared.budget.account import MonthAccount
from shared.budget.approval import Approval
from shared.budget.entry import BatchHold, LedgerEntry
from shared.budget.project import Project
from shared.budget.transitions import Books
from shared.clip import Document
from shared.keys import Folder
from shared.meter import Meter
from shared.ports import Conflict

if TYPE_CHECKING:
    DynamoClient = Any

Item = dict[str, Any]
Row = TypeVar("Row", bound=Document)
Versioned = Project | MonthAccount | LedgerEntry | BatchHold | Approval

_LOST = {"ConditionalCheckFailed", "TransactionConflict"}
_BUSY = {"TransactionInProgressException", "TransactionConflictException"}


class DynamoLedger:
    """`LedgerStore` and `ApprovalStore` on DynamoDB; counts its requests on a meter.

    Parameters
    ----------
    client : a DynamoDB client (not a resource: it would translate the values a second time).
    table : name of the state table.
    """

    def __init__(self, client: "DynamoClient", table: str, meter: Meter | None = None) -> None:
        self._client = client
        self._table = table
        self._meter = meter or Meter()

    def project(self, name: str) -> Project | None:
        return self._row(Project, name, "project")

    def projects(self) -> list[Project]:
        names = [item["sk"]["S"] for item in self._query("projects", "")]
        return [found for name in sorted(names) if (found := self.project(name))]

    def save_project(self, project: Project) -> Project:
        listed = {"Put": {"TableName": self._table, "Item": _key("projects", project.name)}}
        self._write([self._put(project), listed])
        return project.changed(version=project.version + 1)

    def account(self, project: str, month: str) -> MonthAccount | None:
        return self._row(MonthAccount, project, f"month#{month}")

    def accounts(self, project: str) -> list[MonthAccount]:
        return self._rows(MonthAccount, project, "month#")

    def entry(self, project: str, job_id: str) -> LedgerEntry | None:
        found = self._get(project, f"job#{job_id}")
        if found is None:
            return None
        return self._row(LedgerEntry, project, f"entry#{found['month']['S']}#{job_id}")

    def entries(self, project: str, month: str) -> Iterator[LedgerEntry]:
        items = self._query(f"project#{project}", f"entry#{month}#")
        return (LedgerEntry.model_validate_json(item["document"]["S"]) for item in items)

    def hold(self, project: str, run_id: str) -> BatchHold | None:
        return self._row(BatchHold, project, f"hold#{run_id}")

    def holds(self, project: str) -> list[BatchHold]:
        return self._rows(BatchHold, project, "hold#")

    def commit(self, before: Books, after: Books) -> None:
        writes = [self._put(row) for row in after.changes(before)]
        if after.entry is not None and before.entry is None:
            writes.append(self._pointer(after.entry))
        if writes:
            self._write(writes)

    def approval(self, folder: Folder, run_id: str) -> Approval | None:
        return self._row(Approval, folder.project_id, f"approval#{folder.batch_id}#{run_id}")

    def approvals(self, folder: Folder) -> list[Approval]:
        rows = self._rows(Approval, folder.project_id, f"approval#{folder.batch_id}#")
        return [row for row in rows if row.folder == folder]  # a batch's name may contain `#`

    def save_approval(self, approval: Approval) -> Approval:
        self._write([self._put(approval)])
        return approval.changed(version=approval.version + 1)

    def _row(self, kind: type[Row], project: str, sk: str) -> Row | None:
        item = self._get(project, sk)
        return kind.model_validate_json(item["document"]["S"]) if item else None

    def _rows(self, kind: type[Row], project: str, prefix: str) -> list[Row]:
        items = self._query(f"project#{project}", prefix)
        return [kind.model_validate_json(item["document"]["S"]) for item in items]

    def _get(self, project: str, sk: str) -> Item | None:
        self._meter.add("table_reads")
        answer = self._client.get_item(
            TableName=self._table, Key=_key(f"project#{project}", sk), ConsistentRead=True
        )
        item: Item | None = answer.get("Item")
        return item

    def _query(self, pk: str, prefix: str) -> Iterator[Item]:
        condition, values = "pk = :pk", {":pk": {"S": pk}}
        if prefix:
            condition, values = (
                f"{condition} AND begins_with(sk, :sk)",
                {
                    **values,
                    ":sk": {"S": prefix},
                },
            )
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ConsistentRead=True,
            ReturnConsumedCapacity="TOTAL",
        )
        for page in pages:
            units = page.get("ConsumedCapacity", {}).get("CapacityUnits", 1)
            self._meter.add("table_reads", float(units))
            yield from page["Items"]

    def _put(self, row: Versioned) -> Item:
        """Put version n + 1 of a row if the stored one is version n."""
        document = row.model_copy(update={"version": row.version + 1}).model_dump_json()
        # a write unit covers 1 KB, and a transaction writes twice
        self._meter.add("table_writes", 2 * (1 + len(document.encode()) // 1024))
        put: Item = {
            "TableName": self._table,
            "Item": {
                **_key(*_address(row)),
                "document": {"S": document},
                "version": {"N": str(row.version + 1)},
            },
            "ExpressionAttributeNames": {"#version": "version"},
            "ConditionExpression": "attribute_not_exists(#version)",
        }
        if row.version:
            put["ConditionExpression"] = "#version = :version"
            put["ExpressionAttributeValues"] = {":version": {"N": str(row.version)}}
        return {"Put": put}

    def _pointer(self, entry: LedgerEntry) -> Item:
        self._meter.add("table_writes", 2)
        key = _key(f"project#{entry.project_id}", f"job#{entry.job_id}")
        return {
            "Put": {
                "TableName": self._table,
                "Item": {**key, "month": {"S": entry.month}},
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }

    def _write(self, writes: list[Item]) -> None:
        """All or nothing; the client's own token makes its retries of a lost answer harmless."""
        try:
            self._client.transact_write_items(TransactItems=writes)
        except ClientError as error:
            if _is_lost(error):
                raise Conflict("a row of the ledger was changed by somebody else") from error
            raise


def _is_lost(error: ClientError) -> bool:
    if error.response["Error"]["Code"] in _BUSY:
        return True
    reasons = error.response.get("CancellationReasons", [])
    return any(reason.get("Code") in _LOST for reason in reasons)


def _key(pk: str, sk: str) -> Item:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _address(row: Versioned) -> tuple[str, str]:
    if isinstance(row, Project):
        return f"project#{row.name}", "project"
    pk = f"project#{row.project_id}"
    if isinstance(row, MonthAccount):
        return pk, f"month#{row.month}"
    if isinstance(row, LedgerEntry):
        return pk, f"entry#{row.month}#{row.job_id}"
    if isinstance(row, BatchHold):
        return pk, f"hold#{row.run_id}"
    return pk, f"approval#{row.batch_id}#{row.run_id}"
