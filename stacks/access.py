"""From a handler's rights to IAM statements, and the one thing that no handler may do."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs

from stacks.acknowledge import acknowledge, cross_stack_name
from stacks.handlers import Access

READ = ("s3:GetObject", "s3:GetObjectVersion")
# CopyObject carries tags along, so it needs them on both sides as soon as a creator tags a file.
READ_TAGGED = (*READ, "s3:GetObjectTagging", "s3:GetObjectVersionTagging")
WRITE = ("s3:PutObject", "s3:AbortMultipartUpload")
CHANGE = (*WRITE, "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObjectTagging")
USE_TABLE = (
    *("dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:BatchWriteItem"),
    # jobs that need no looking after any more; a transaction of the ledger only puts
    "dynamodb:DeleteItem",
)
# Anybody may knock at its address: it finds the job and notes that the token was used, no more.
NOTE_CALLBACKS = ("dynamodb:GetItem", "dynamodb:PutItem")

END_WAITS = ("states:SendTaskSuccess",)
TELL_OF_JOBS = (*END_WAITS, "states:SendTaskFailure", "states:SendTaskHeartbeat")

LANGUAGE_MODELS = (
    "arn:aws:bedrock:*::foundation-model/*",
    "arn:aws:bedrock:*:*:inference-profile/*",
)
"""Models, and the profiles that lead to them in another region."""

PROTECTED = ("mojo*", "__crop", "__cropped", "__selected")
"""Folders, at any depth, in which nothing may be written (seed B091)."""


@dataclass(frozen=True, kw_only=True)
class Places:
    """What the rights are rights to."""

    drop: s3.IBucket
    work: s3.IBucket
    library: s3.IBucket
    table: dynamodb.ITable
    drops: sqs.IQueue
    jobs: sqs.IQueue
    workers: tuple[sqs.IQueue, ...]
    creators: sns.ITopic
    state_machine_arn: str
    providers_secret_arn: str

    @property
    def buckets(self) -> tuple[s3.IBucket, ...]:
        return (self.drop, self.work, self.library)

    def bucket(self, name: str) -> s3.IBucket:
        return {"drop": self.drop, "work": self.work, "library": self.library}[name]


@dataclass(frozen=True)
class ObjectRight:
    """A right to objects of one bucket; `reason` says why their keys cannot be listed."""

    bucket: Literal["drop", "work", "library"]
    keys: str
    actions: tuple[str, ...]
    reason: str
    listing: bool = False


ANY_DROPPED = (
    "Creators choose the keys of what they drop, so it can lie anywhere in the drop bucket."
)
ANY_WORK = "Intermediates are named by run and by content, which nobody knows before they are made."
ANY_CLIP = "Finished clips lie under project and batch names that creators choose."

# Reading includes listing: without it S3 answers 403 where it means 404.
OBJECT_RIGHTS = {
    Access.READ_DROP: ObjectRight("drop", "*", READ_TAGGED, ANY_DROPPED, listing=True),
    Access.READ_WORK: ObjectRight("work", "*", READ_TAGGED, ANY_WORK, listing=True),
    Access.READ_LIBRARY: ObjectRight("library", "*", READ, ANY_CLIP, listing=True),
    # A conditional write reads what it replaces; an answer that is true no more is taken away.
    Access.WRITE_ANSWERS: ObjectRight(
        "drop",
        "*/_*",
        (*WRITE, "s3:GetObject", "s3:DeleteObject"),
        "Answers lie beside what was dropped, and only under names that begin with an underscore.",
        listing=True,
    ),
    Access.WRITE_WORK: ObjectRight("work", "*", WRITE, ANY_WORK),
    Access.WRITE_LIBRARY: ObjectRight("library", "*", (*WRITE, "s3:PutObjectTagging"), ANY_CLIP),
    Access.WRITE_AUDIT: ObjectRight(
        "library",
        "_audit/*",
        WRITE,
        "The audit trail is one object an operation, named by project, batch, run and clip.",
    ),
}


WORKERS_RIGHTS = {
    Access.QUEUE_WORK: "sqs:SendMessage",
    Access.SEE_LINES: "sqs:GetQueueAttributes",
}
"""To each of the queues that workers pull from."""


def grant(role: iam.Role, access: Iterable[Access], places: Places) -> None:
    """Give a role exactly these rights, and the refusal that every writer carries."""
    for right in sorted(access):
        if right in OBJECT_RIGHTS:
            _grant_objects(role, OBJECT_RIGHTS[right], places)
        elif right is Access.ASK_MODELS:
            _grant_models(role)
        elif right in WORKERS_RIGHTS:
            for queue in places.workers:
                role.add_to_policy(_allow((WORKERS_RIGHTS[right],), queue.queue_arn))
        else:
            role.add_to_policy(_whole(right, places))
    role.add_to_policy(protect(places.buckets))


def _grant_objects(role: iam.Role, right: ObjectRight, places: Places) -> None:
    bucket = places.bucket(right.bucket)
    role.add_to_policy(_allow(right.actions, bucket.arn_for_objects(right.keys)))
    if right.listing:
        role.add_to_policy(_allow(("s3:ListBucket",), bucket.bucket_arn))
    acknowledge_keys(role, bucket, right.keys, right.reason)


def acknowledge_keys(role: iam.Role, bucket: s3.IBucket, keys: str, reason: str) -> None:
    """Accept that a role's right covers many keys of a bucket in the other stack."""
    place = f"{cross_stack_name(bucket.bucket_arn, bucket)}/{keys}"
    acknowledge(role, f"AwsSolutions-IAM5[Resource::{place}]", reason)


def _grant_models(role: iam.Role) -> None:
    """Ask Bedrock's models; which one is a setting, so the right is to all of them."""
    role.add_to_policy(
        iam.PolicyStatement(actions=["bedrock:InvokeModel"], resources=list(LANGUAGE_MODELS))
    )
    for resource in LANGUAGE_MODELS:
        acknowledge(
            role,
            f"AwsSolutions-IAM5[Resource::{resource}]",
            "Which language model writes prompts is a setting of ops, known only when it is asked.",
        )


def _whole(right: Access, places: Places) -> iam.PolicyStatement:
    """Rights to one resource as a whole."""
    machine = places.state_machine_arn
    rights: dict[Access, tuple[tuple[str, ...], str]] = {
        Access.USE_TABLE: (USE_TABLE, places.table.table_arn),
        Access.NOTE_CALLBACKS: (NOTE_CALLBACKS, places.table.table_arn),
        Access.START_RUNS: (("states:StartExecution",), machine),
        Access.DROP_AGAIN: (("sqs:SendMessage",), places.drops.queue_arn),
        Access.QUEUE_JOBS: (("sqs:SendMessage",), places.jobs.queue_arn),
        # Named, the machine is not what IAM asks for (aws-cdk discussion 26401), and its Map's
        # children have another ARN. Nothing is given away: nobody can guess a task's token.
        Access.END_WAITS: (END_WAITS, "*"),
        Access.TELL_OF_JOBS: (TELL_OF_JOBS, "*"),
        Access.TELL_PEOPLE: (("sns:Publish",), places.creators.topic_arn),
        Access.READ_KEYS: (("secretsmanager:GetSecretValue",), places.providers_secret_arn),
    }
    return _allow(*rights[right])


def _allow(actions: Iterable[str], resource: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=list(actions), resources=[resource])


def protect(buckets: Iterable[s3.IBucket]) -> iam.PolicyStatement:
    """Refuse every change below the protected folders, whatever else is allowed."""
    return iam.PolicyStatement(
        sid="ProtectedFolders",
        effect=iam.Effect.DENY,
        actions=list(CHANGE),
        resources=[
            bucket.arn_for_objects(f"{place}{folder}/*")
            for bucket in buckets
            for folder in PROTECTED
            for place in ("", "*/")
        ],
    )
