"""Which cloud a command talks to: the embedded one, or an AWS account.

--profile or --region given   the deployed stacks of that account
`dropreel up` is running      that embedded cloud
otherwise                     a fresh embedded cloud for the time of the command (`run` only)
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from cli.errors import WrongUse
from local_cloud.cloud import attach, embedded_cloud, session_for
from local_cloud.deploy import Deployment, Progress
from local_cloud.errors import CloudNotRunning
from shared.aws.objects import S3Objects

CHECKOUT = Path(__file__).resolve().parent.parent
NAME = os.environ.get("DROPREEL_NAME", "dropreel")
"""The deployment's `name` setting, for those who changed it."""

STORAGE_STACK = f"{NAME}-storage"
PIPELINE_STACK = f"{NAME}-pipeline"


@dataclass(frozen=True)
class Account:
    """How to reach AWS, as given on the command line; all empty means the embedded cloud."""

    profile: str | None = None
    region: str | None = None

    @property
    def given(self) -> bool:
        return bool(self.profile or self.region)


@dataclass(frozen=True)
class Target:
    """A deployed Dropreel: its buckets, and a way to reach them."""

    drop_bucket: str
    library_bucket: str
    objects: S3Objects
    client: Callable[[str], Any]
    endpoint: str = ""
    passing: bool = False
    """Is this cloud gone when the command ends?"""
    resource: Callable[[str], Any] = boto3.resource

    @property
    def embedded(self) -> bool:
        return bool(self.endpoint)


def find_target(account: Account) -> Target:
    """The cloud that is there already.

    Raises
    ------
    CloudNotRunning : no embedded cloud is up, and no account was named.
    WrongUse : the account has no Dropreel, or cannot be reached; says what to do.
    """
    return _in_account(account) if account.given else _embedded(attach(CHECKOUT))


@contextmanager
def some_target(account: Account, progress: Progress) -> Iterator[Target]:
    """The cloud that is there, else an embedded one that lives as long as the block."""
    if account.given:
        yield _in_account(account)
        return
    try:
        running = attach(CHECKOUT)
    except CloudNotRunning:
        with embedded_cloud(CHECKOUT, progress=progress) as deployment:
            yield replace(_embedded(deployment), passing=True)
        return
    yield _embedded(running)


def _embedded(deployment: Deployment) -> Target:
    session = session_for(deployment.endpoint)
    return Target(
        drop_bucket=deployment.drop_bucket,
        library_bucket=deployment.library_bucket,
        objects=S3Objects(session.client("s3")),
        client=session.client,
        resource=session.resource,
        endpoint=deployment.endpoint,
    )


def _in_account(account: Account) -> Target:
    try:
        session = boto3.Session(profile_name=account.profile, region_name=account.region)
        outputs = _outputs(session.client("cloudformation"), STORAGE_STACK)
    except (BotoCoreError, ClientError) as error:
        raise WrongUse(
            f"Cannot read stack `{STORAGE_STACK}`: {error}. Check --profile and --region, or "
            "deploy first (docs/deploy.md)."
        ) from error
    return Target(
        drop_bucket=outputs["DropBucketName"],
        library_bucket=outputs["LibraryBucketName"],
        objects=S3Objects(session.client("s3")),
        client=session.client,
        resource=session.resource,
    )


def stack_outputs(cloudformation: Any) -> dict[str, str]:
    """What the storage and the pipeline stack say of themselves."""
    return _outputs(cloudformation, STORAGE_STACK) | _outputs(cloudformation, PIPELINE_STACK)


def _outputs(cloudformation: Any, stack: str) -> dict[str, str]:
    (described,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    return {each["OutputKey"]: each["OutputValue"] for each in described.get("Outputs", [])}
