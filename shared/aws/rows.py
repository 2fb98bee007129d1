"""Rows in one DynamoDB table.

    pk  batch#<project>/<batch>
    sk  run#<manifest>  |  clip#<run id>#<stem>

A row is stored as its JSON document, with the few attributes beside it that conditions and people
need. Names are kept as they are: DynamoDB keys take any Unicode.
"""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from shared.keys import Folder
from shared.meter import Meter
from shared.ports import Conflict
from shared.state import ClipRow, RunRow

if TYPE_CHECKING:
    Table = Any

KEPT_SEC = 90 * 24 * 3600


class DynamoRows:
    """`StateStore` on DynamoDB; counts its requests on a meter."""

    def __init__(self, table: "Table", meter: Meter | None = None) -> None:
        self._table = table
        self._meter = meter or Meter()

    def run(self, folder: Folder, manifest: str) -> RunRow | None:
        item = self._get(folder, f"run#{manifest}")
        return _run_row(item) if item else None

    def runs(self, folder: Folder) -> list[RunRow]:
        return [_run_row(item) for item in self._query(folder, "run#")]

    def clip(self, folder: Folder, run_id: str, stem: str) -> ClipRow | None:
        item = self._get(folder, f"clip#{run_id}#{stem}")
        return _clip_row(item) if item else None

    def clips(self, folder: Folder, run_id: str) -> list[ClipRow]:
        rows = [_clip_row(item) for item in self._query(folder, f"clip#{run_id}#")]
        return sorted(rows, key=lambda row: row.index)

    def save_run(self, row: RunRow) -> RunRow:
        saved = row.changed(version=row.version + 1, expires_at=_expiry())
        self._put(self._item(row.folder, f"run#{row.manifest}", saved, state=row.state.value))
        return saved

    def save_clip(self, row: ClipRow) -> ClipRow:
        saved = _next_version(row)
        self._put(self._item(row.folder, _clip_sk(row), saved, status=row.status.value))
        return saved

    def save_new_clips(self, rows: list[ClipRow]) -> None:
        if not rows:
            return
        # What an earlier try of the same step wrote may have moved on by now: it stays.
        there = {row.stem for row in self.clips(rows[0].folder, rows[0].run_id)}
        with self._table.batch_writer() as batch:
            for row in rows:
                if row.stem not in there:
                    item = self._item(
                        row.folder, _clip_sk(row), _next_version(row), status=row.status.value
                    )
                    batch.put_item(Item=item)

    def _get(self, folder: Folder, sk: str) -> dict[str, Any] | None:
        self._meter.add("table_reads")
        answer = self._table.get_item(Key={"pk": _pk(folder), "sk": sk}, ConsistentRead=True)
        item: dict[str, Any] | None = answer.get("Item")
        return item

    def _query(self, folder: Folder, prefix: str) -> Iterator[dict[str, Any]]:
        arguments: dict[str, Any] = {
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :sk)",
            "ExpressionAttributeValues": {":pk": _pk(folder), ":sk": prefix},
            "ConsistentRead": True,
            "ReturnConsumedCapacity": "TOTAL",
        }
        while True:
            answer = self._table.query(**arguments)
            units = answer.get("ConsumedCapacity", {}).get("CapacityUnits", 1)
            self._meter.add("table_reads", float(units))
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            arguments["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _item(self, folder: Folder, sk: str, row: RunRow | ClipRow, **shown: str) -> dict[str, Any]:
        document = row.model_dump_json()
        self._meter.add("table_writes", 1 + len(document) // 1024)  # a write unit covers 1 KB
        return {
            "pk": _pk(folder),
            "sk": sk,
            "document": document,
            "version": row.version,
            "expires_at": row.expires_at,
            **shown,
        }

    def _put(self, item: dict[str, Any]) -> None:
        """Put an item of version n if the stored one is of version n - 1."""
        before = item["version"] - 1
        try:
            self._table.put_item(
                Item=item,
                ConditionExpression=(
                    "#version = :version" if before else "attribute_not_exists(#version)"
                ),
                ExpressionAttributeNames={"#version": "version"},
                **({"ExpressionAttributeValues": {":version": before}} if before else {}),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                raise Conflict(f"{item['sk']} was changed by somebody else") from error
            raise


def _pk(folder: Folder) -> str:
    return f"batch#{folder.project_id}/{folder.batch_id}"


def _clip_sk(row: ClipRow) -> str:
    return f"clip#{row.run_id}#{row.stem}"


def _next_version(row: ClipRow) -> ClipRow:
    return row.model_copy(update={"version": row.version + 1, "expires_at": _expiry()})


def _expiry() -> int:
    return int(time.time()) + KEPT_SEC


def _run_row(item: dict[str, Any]) -> RunRow:
    return RunRow.model_validate_json(item["document"])


def _clip_row(item: dict[str, Any]) -> ClipRow:
    return ClipRow.model_validate_json(item["document"])
