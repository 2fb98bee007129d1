"""From a handler's rights to IAM statements, and the one thing that no handler may do."""

from collections.abc import Iterable
from dataclasses import dataclass

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs

from stacks.handlers import Access

READ_OBJECT = ["s3:GetObject", "s3:GetObjectVersion"]
# CopyObject carries tags along, so it needs them on both sides as soon as a creator tags a file.
READ_TAGS = ["s3:GetObjectTagging", "s3:GetObjectVersionTagging"]
WRITE_OBJECT = ["s3:PutObject", "s3:AbortMultipartUpload"]
CHANGE_OBJECT = [*WRITE_OBJECT, "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObjectTagging"]
USE_TABLE = ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem"]

PROTECTED = ("mojo*", "__crop", "__cropped", "__selected")
"""Folders, at any depth, in which nothing may be written (seed B091)."""

ANSWERS = "*/_*"
AUDIT = "_audit/*"


@dataclass(frozen=True, kw_only=True)
class Places:
    """What the rights are rights to."""

    drop: s3.IBucket
    work: s3.IBucket
    library: s3.IBucket
    table: dynamodb.ITable
    drops: sqs.IQueue
    state_machine_arn: str

    @property
    def buckets(self) -> tuple[s3.IBucket, ...]:
        return (self.drop, self.work, self.library)


def statements(access: Iterable[Access], places: Places) -> list[iam.PolicyStatement]:
    """Statements that allow exactly these rights, and the refusal that every writer carries."""
    allowed = [statement for right in sorted(access) for statement in _allow(right, places)]
    return [*allowed, protect(places.buckets)]


def _allow(right: Access, places: Places) -> list[iam.PolicyStatement]:
    match right:
        case Access.READ_DROP:
            return _read(places.drop, READ_TAGS)
        case Access.READ_WORK:
            return _read(places.work, READ_TAGS)
        case Access.READ_LIBRARY:
            return _read(places.library)
        case Access.WRITE_ANSWERS:
            # A conditional write reads first, and a missing answer must be told from a secret one.
            own = places.drop.arn_for_objects(ANSWERS)
            return [_statement([*WRITE_OBJECT, "s3:GetObject"], own), _list(places.drop)]
        case Access.WRITE_WORK:
            return [_statement(WRITE_OBJECT, places.work.arn_for_objects("*"))]
        case Access.WRITE_LIBRARY:
            actions = [*WRITE_OBJECT, "s3:PutObjectTagging"]
            return [_statement(actions, places.library.arn_for_objects("*"))]
        case Access.WRITE_AUDIT:
            return [_statement(WRITE_OBJECT, places.library.arn_for_objects(AUDIT))]
        case Access.USE_TABLE:
            return [_statement(USE_TABLE, places.table.table_arn)]
        case Access.START_RUNS:
            return [_statement(["states:StartExecution"], places.state_machine_arn)]
        case Access.DROP_AGAIN:
            return [_statement(["sqs:SendMessage"], places.drops.queue_arn)]


def _read(bucket: s3.IBucket, more: Iterable[str] = ()) -> list[iam.PolicyStatement]:
    """Reading includes listing: without it S3 answers 403 where it means 404."""
    return [_statement([*READ_OBJECT, *more], bucket.arn_for_objects("*")), _list(bucket)]


def _list(bucket: s3.IBucket) -> iam.PolicyStatement:
    return _statement(["s3:ListBucket"], bucket.bucket_arn)


def _statement(actions: list[str], resource: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=actions, resources=[resource])


def protect(buckets: Iterable[s3.IBucket]) -> iam.PolicyStatement:
    """Refuse every change below the protected folders, whatever else is allowed."""
    return iam.PolicyStatement(
        sid="ProtectedFolders",
        effect=iam.Effect.DENY,
        actions=CHANGE_OBJECT,
        resources=[
            bucket.arn_for_objects(f"{place}{folder}/*")
            for bucket in buckets
            for folder in PROTECTED
            for place in ("", "*/")
        ],
    )
