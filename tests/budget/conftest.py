"""Both tables behind one name: every test of the ledger runs on plain memory and on DynamoDB."""

from collections.abc import Iterator
from threading import Lock
from typing import Any

import boto3
import pytest
from moto import mock_aws

from shared.aws.ledger import DynamoLedger
from shared.budget.memory import MemoryLedger

TABLE = "state"
Store = MemoryLedger | DynamoLedger


class OneAtATime:
    """A client whose calls are atomic, as DynamoDB's are; moto's alone are not, between threads."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._lock = Lock()

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)

        def locked(*args: Any, **kwargs: Any) -> Any:
            with self._lock:
                return call(*args, **kwargs)

        return locked


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[OneAtATime]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")
            ],
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
        )
        yield OneAtATime(client)


@pytest.fixture
def dynamo(table: OneAtATime) -> DynamoLedger:
    return DynamoLedger(table, TABLE)


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "memory":
        return MemoryLedger()
    found: DynamoLedger = request.getfixturevalue("dynamo")
    return found
