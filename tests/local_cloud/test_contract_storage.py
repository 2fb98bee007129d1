"""What we rely on from S3 and DynamoDB: no file is overwritten and no row changed by accident."""

import urllib.request
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_cloud.contract_stack import Cloud

pytestmark = pytest.mark.cloud


@pytest.fixture
def key() -> str:
    return f"files/{uuid.uuid4().hex}"


def refusal(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**request)
    return str(refused.value.response["Error"]["Code"])


def test_if_none_match_writes_only_what_is_not_there(cloud: Cloud, key: str) -> None:
    s3, bucket = cloud.client("s3"), cloud.deployment.work_bucket
    s3.put_object(Bucket=bucket, Key=key, Body=b"first", IfNoneMatch="*")
    code = refusal(s3.put_object, Bucket=bucket, Key=key, Body=b"second", IfNoneMatch="*")
    assert code == "PreconditionFailed"
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"first"


def test_if_match_writes_only_over_what_was_read(cloud: Cloud, key: str) -> None:
    s3, bucket = cloud.client("s3"), cloud.deployment.work_bucket
    read = s3.put_object(Bucket=bucket, Key=key, Body=b"first")["ETag"]
    s3.put_object(Bucket=bucket, Key=key, Body=b"second", IfMatch=read)
    code = refusal(s3.put_object, Bucket=bucket, Key=key, Body=b"third", IfMatch=read)
    assert code == "PreconditionFailed"


def test_a_version_stays_readable_after_it_was_replaced_and_deleted(cloud: Cloud, key: str) -> None:
    s3, bucket = cloud.client("s3"), cloud.deployment.drop_bucket
    first = s3.put_object(Bucket=bucket, Key=key, Body=b"first")["VersionId"]
    second = s3.put_object(Bucket=bucket, Key=key, Body=b"second")["VersionId"]
    s3.delete_object(Bucket=bucket, Key=key)
    bodies = [
        s3.get_object(Bucket=bucket, Key=key, VersionId=version)["Body"].read()
        for version in (first, second)
    ]
    assert bodies == [b"first", b"second"]
    assert refusal(s3.get_object, Bucket=bucket, Key=key) == "NoSuchKey"


def test_a_copy_takes_a_version_and_new_metadata(cloud: Cloud, key: str) -> None:
    s3, drop, work = (
        cloud.client("s3"),
        cloud.deployment.drop_bucket,
        cloud.deployment.work_bucket,
    )
    name = f"{key} ü 100%.png"
    version = s3.put_object(Bucket=drop, Key=name, Body=b"old")["VersionId"]
    s3.put_object(Bucket=drop, Key=name, Body=b"new")
    s3.copy_object(
        Bucket=work,
        Key=name,
        CopySource={"Bucket": drop, "Key": name, "VersionId": version},
        MetadataDirective="REPLACE",
        Metadata={"clip": "abc"},
        ContentType="video/mp4",
    )
    copied = s3.get_object(Bucket=work, Key=name)
    assert (copied["Body"].read(), copied["Metadata"]) == (b"old", {"clip": "abc"})
    assert copied["ContentType"] == "video/mp4"


def test_ranges_heads_and_pages(cloud: Cloud, key: str) -> None:
    s3, bucket = cloud.client("s3"), cloud.deployment.work_bucket
    for n in range(5):
        s3.put_object(Bucket=bucket, Key=f"{key}/{n}", Body=b"0123456789")
    part = s3.get_object(Bucket=bucket, Key=f"{key}/0", Range="bytes=2-4")
    assert part["Body"].read() == b"234"
    assert s3.head_object(Bucket=bucket, Key=f"{key}/0")["ContentLength"] == 10
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=f"{key}/", PaginationConfig={"PageSize": 2}
    )
    assert [o["Key"][-1] for page in pages for o in page["Contents"]] == list("01234")
    assert refusal(s3.head_object, Bucket=bucket, Key=f"{key}/9") == "404"


def test_presigned_addresses_read_and_write(cloud: Cloud, key: str) -> None:
    s3, bucket = cloud.client("s3", signature_version="s3v4"), cloud.deployment.work_bucket
    where = {"Bucket": bucket, "Key": key}
    put = s3.generate_presigned_url("put_object", Params=where)
    request = urllib.request.Request(put, data=b"by url", method="PUT")  # noqa: S310
    urllib.request.urlopen(request).close()  # noqa: S310
    with urllib.request.urlopen(s3.generate_presigned_url("get_object", Params=where)) as reply:  # noqa: S310
        assert reply.read() == b"by url"


def test_a_row_changes_only_from_the_state_it_was_in(cloud: Cloud, key: str) -> None:
    table: dict[str, Any] = {"TableName": cloud.deployment.state_table}
    row = {"pk": {"S": key}, "sk": {"S": "run"}}
    dynamodb = cloud.client("dynamodb")
    dynamodb.put_item(
        **table,
        Item={**row, "state": {"S": "QUEUED"}},
        ConditionExpression="attribute_not_exists(pk)",
    )
    again = refusal(
        dynamodb.put_item, **table, Item=row, ConditionExpression="attribute_not_exists(pk)"
    )
    step: dict[str, Any] = {
        **table,
        "Key": row,
        "UpdateExpression": "SET #s = :next ADD attempts :one",
        "ConditionExpression": "#s = :then",
        "ExpressionAttributeNames": {"#s": "state"},
        "ExpressionAttributeValues": {
            ":then": {"S": "QUEUED"},
            ":next": {"S": "RUNNING"},
            ":one": {"N": "1"},
        },
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    dynamodb.update_item(**step)
    with pytest.raises(ClientError) as refused:
        dynamodb.update_item(**step)
    assert again == "ConditionalCheckFailedException"
    assert refused.value.response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert refused.value.response["Item"]["state"] == {"S": "RUNNING"}
    assert refused.value.response["Item"]["attempts"] == {"N": "1"}


def test_a_transaction_does_all_or_nothing(cloud: Cloud, key: str) -> None:
    dynamodb, table = cloud.client("dynamodb"), cloud.deployment.state_table
    rows = [{"pk": {"S": key}, "sk": {"S": name}} for name in ("a", "b")]
    dynamodb.put_item(TableName=table, Item=rows[1])
    puts = [
        {
            "Put": {
                "TableName": table,
                "Item": row,
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }
        for row in rows
    ]
    code = refusal(dynamodb.transact_write_items, TransactItems=puts)
    assert code == "TransactionCanceledException"
    assert "Item" not in dynamodb.get_item(TableName=table, Key=rows[0])
