"""Versioned documents in the state table: the one conditional write that all rows share."""

import time
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from shared.clip import Document
from shared.meter import Meter
from shared.ports import Conflict

if TYPE_CHECKING:
    Table = Any

KEPT_SEC = 90 * 24 * 3600

Row = TypeVar("Row", bound=Document)


class DocumentTable:
    """Documents under (pk, sk), each with a `version` that a write must know.

    A row is stored as its JSON, with the attributes beside it that conditions and people need.
    """

    def __init__(self, table: "Table", meter: Meter | None = None) -> None:
        self._table = table
        self._meter = meter or Meter()

    def get(self, pk: str, sk: str, kind: type[Row]) -> Row | None:
        self._meter.add("table_reads")
        answer = self._table.get_item(Key={"pk": pk, "sk": sk}, ConsistentRead=True)
        item = answer.get("Item")
        return kind.model_validate_json(item["document"]) if item else None

    def query(self, pk: str, prefix: str, kind: type[Row]) -> list[Row]:
        """All rows of a partition whose sort key begins so, in its order."""
        rows: list[Row] = []
        begins = " AND begins_with(sk, :sk)" if prefix else ""  # DynamoDB takes no empty value
        arguments: dict[str, Any] = {
            "KeyConditionExpression": f"pk = :pk{begins}",
            "ExpressionAttributeValues": {":pk": pk, **({":sk": prefix} if prefix else {})},
            "ConsistentRead": True,
            "ReturnConsumedCapacity": "TOTAL",
        }
        while True:
            answer = self._table.query(**arguments)
            units = answer.get("ConsumedCapacity", {}).get("CapacityUnits", 1)
            self._meter.add("table_reads", float(units))
            rows += [kind.model_validate_json(item["document"]) for item in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                return rows
            arguments["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def put(self, pk: str, sk: str, row: Document, *, version: int, **shown: str) -> None:
        """Put a row of version n if the stored one is of version n - 1; `Conflict` otherwise."""
        before = version - 1
        try:
            self._table.put_item(
                Item=self.item(pk, sk, row, version=version, **shown),
                ConditionExpression=(
                    "#version = :version" if before else "attribute_not_exists(#version)"
                ),
                ExpressionAttributeNames={"#version": "version"},
                **({"ExpressionAttributeValues": {":version": before}} if before else {}),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                raise Conflict(f"{sk} was changed by somebody else") from error
            raise

    def put_new(self, entries: list[tuple[str, str, Document, dict[str, str]]]) -> None:
        """Put rows of version 1 in batches, without a condition."""
        with self._table.batch_writer() as batch:
            for pk, sk, row, shown in entries:
                batch.put_item(Item=self.item(pk, sk, row, version=1, **shown))

    def delete(self, pk: str, sk: str) -> None:
        self._meter.add("table_writes")
        self._table.delete_item(Key={"pk": pk, "sk": sk})

    def item(
        self, pk: str, sk: str, row: Document, *, version: int, **shown: str
    ) -> dict[str, Any]:
        document = row.model_dump_json()
        self._meter.add("table_writes", 1 + len(document) // 1024)  # a write unit covers 1 KB
        return {
            "pk": pk,
            "sk": sk,
            "document": document,
            "version": version,
            "expires_at": int(time.time()) + KEPT_SEC,
            **shown,
        }
