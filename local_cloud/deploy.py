"""Deploys a cloud assembly to an embedded cloud: files first, then stacks by CloudFormation.

The templates are those that an account would get. Two things are done as the CDK's bootstrap and
CLI do them: the assets bucket and its version parameter are there before, and a template travels
by way of that bucket, because CloudFormation takes no more than 51,200 bytes in a request.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local_cloud.assembly import Assembly, FileAsset, Stack, read_assembly
from local_cloud.bundles import bundle
from local_cloud.emulator import ACCOUNT, REGION
from local_cloud.errors import DeployFailed
from local_cloud.sessions import CloudSession

STACK_LIMIT_SEC = 120.0
_POLL_SEC = 0.05

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Deployment:
    """Where everything of a deployed system is. Names that a stack did not give are empty."""

    endpoint: str
    region: str = REGION
    account: str = ACCOUNT
    drop_bucket: str = ""
    work_bucket: str = ""
    library_bucket: str = ""
    state_table: str = ""
    state_machine_arn: str = ""
    creators_topic_arn: str = ""
    ops_topic_arn: str = ""
    drops_queue_url: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


# Output of a stack → field. A stack may say `DropBucket` or `DropBucketName`.
_OUTPUTS = {
    "DropBucket": "drop_bucket",
    "WorkBucket": "work_bucket",
    "LibraryBucket": "library_bucket",
    "StateTable": "state_table",
    "StateMachine": "state_machine_arn",
    "CreatorsTopic": "creators_topic_arn",
    "OpsTopic": "ops_topic_arn",
    "DropsQueue": "drops_queue_url",
}
_SUFFIXES = ("", "Name", "Arn", "Url")


def deploy(
    assembly_folder: Path,
    session: CloudSession,
    *,
    project: Path,
    progress: Progress = lambda _: None,
) -> Deployment:
    """Create or update every stack of the assembly, with the project's code as it is now.

    Raises
    ------
    DeployFailed
        Names the stack, the resource and CloudFormation's reason.
    """
    assembly = read_assembly(assembly_folder, account=ACCOUNT, region=REGION)
    _bootstrap(assembly, session)
    renamed = _upload(assembly.assets, session, project)
    outputs: dict[str, str] = {}
    for stack in assembly.stacks:
        progress(f"deploy {stack.name}")
        outputs |= _deploy_stack(stack, session, _assets_bucket(assembly), renamed)
    found = {
        attribute: outputs[output + suffix]
        for output, attribute in _OUTPUTS.items()
        for suffix in _SUFFIXES
        if output + suffix in outputs
    }
    return Deployment(endpoint=session.endpoint, outputs=outputs, **found)


def _assets_bucket(assembly: Assembly) -> str:
    return next(
        (asset.bucket for asset in assembly.assets), f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
    )


def _bootstrap(assembly: Assembly, session: CloudSession) -> None:
    s3 = session.client("s3")
    for bucket in {_assets_bucket(assembly), *(asset.bucket for asset in assembly.assets)}:
        s3.create_bucket(Bucket=bucket)  # in us-east-1 the owner may create it again
    session.client("ssm").put_parameter(
        Name=assembly.bootstrap_parameter,
        Value=str(assembly.bootstrap_version),
        Type="String",
        Overwrite=True,
    )


def _upload(assets: tuple[FileAsset, ...], session: CloudSession, project: Path) -> dict[str, str]:
    """Upload every asset; return what its hash in the templates is to be replaced with."""
    s3 = session.client("s3")
    renamed: dict[str, str] = {}
    for asset in assets:
        digest, content = (
            bundle(asset.path, project) if asset.zipped else (asset.hash, asset.path.read_bytes())
        )
        s3.put_object(Bucket=asset.bucket, Key=asset.key.replace(asset.hash, digest), Body=content)
        renamed[asset.hash] = digest
    return renamed


def _deploy_stack(
    stack: Stack, session: CloudSession, assets_bucket: str, renamed: Mapping[str, str]
) -> dict[str, str]:
    template = stack.template_path.read_text()
    for old, new in renamed.items():
        template = template.replace(old, new)
    key = f"{stack.name}.template.json"
    session.client("s3").put_object(Bucket=assets_bucket, Key=key, Body=template.encode())
    cloudformation = session.client("cloudformation")
    request = {
        "StackName": stack.name,
        "TemplateURL": f"{session.endpoint}/{assets_bucket}/{key}",
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        "Parameters": [
            {"ParameterKey": name, "ParameterValue": value}
            for name, value in stack.parameters.items()
        ],
    }
    try:
        if _describe(cloudformation, stack.name):
            cloudformation.update_stack(**request)
        else:
            cloudformation.create_stack(**request)
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise DeployFailed(f"Stack {stack.name} was refused: {error}") from error
    described = _wait(cloudformation, stack.name)
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}


def _describe(cloudformation: Any, stack_name: str) -> dict[str, Any] | None:
    try:
        (described,) = cloudformation.describe_stacks(StackName=stack_name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return dict(described)


def _wait(cloudformation: Any, stack_name: str) -> dict[str, Any]:
    deadline = time.monotonic() + STACK_LIMIT_SEC
    while time.monotonic() < deadline:
        described = _describe(cloudformation, stack_name) or {"StackStatus": "DELETED"}
        status = described["StackStatus"]
        if status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            return described
        if not status.endswith("_IN_PROGRESS"):
            why = _first_failure(cloudformation, stack_name)
            raise DeployFailed(f"Stack {stack_name} ended as {status}. {why}")
        time.sleep(_POLL_SEC)
    raise DeployFailed(f"Stack {stack_name} was not ready after {STACK_LIMIT_SEC:.0f} s.")


def _first_failure(cloudformation: Any, stack_name: str) -> str:
    events = cloudformation.describe_stack_events(StackName=stack_name)["StackEvents"]
    failures = [
        event
        for event in events
        if event["ResourceStatus"].endswith("_FAILED")
        and event["ResourceType"] != "AWS::CloudFormation::Stack"
    ]
    if not failures:
        return "CloudFormation gave no reason."
    # Events come newest first; the oldest failure is the cause, the others follow from it.
    cause = failures[-1]
    reason = cause.get("ResourceStatusReason", "no reason given")
    return f"{cause['LogicalResourceId']} ({cause['ResourceType']}): {reason}"
