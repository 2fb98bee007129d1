"""A small stack of everything that the real one relies on, and short ways to look into it."""

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_cloud.deploy import Deployment
from local_cloud.emulator import Emulator
from local_cloud.sessions import session_for

CONTRACT = Path(__file__).parent / "contract"
FUNCTIONS = {
    "Intake": "intake",
    "Begin": "begin",
    "WorkOn": "work",
    "Record": "record",
    "Settle": "settle",
    "Environment": "environment",
    "Slow": "slow",
}


def write_assembly(folder: Path, *, broken: bool = False) -> Path:
    """The contract stack as a cloud assembly, laid out as `cdk synth` does."""
    code_hash = "c0de" * 16
    shutil.copytree(CONTRACT / "code", folder / f"asset.{code_hash}", dirs_exist_ok=True)
    machine = (CONTRACT / "machine.asl.json").read_text()
    text = (CONTRACT / "template.json").read_text().replace('"MACHINE"', json.dumps(machine))
    template = json.loads(text)
    for name, handler in FUNCTIONS.items():
        template["Resources"][name] = {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Code": {
                    "S3Bucket": {
                        "Fn::Sub": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"
                    },
                    "S3Key": f"{code_hash}.zip",
                },
                "Handler": f"contract.{handler}",
                "Runtime": "python3.14",
                "Timeout": 2 if name == "Slow" else 30,
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Environment": {"Variables": {"TABLE": {"Ref": "Table"}, "WORK": {"Ref": "Work"}}},
            },
        }
    if broken:
        template["Resources"]["Odd"] = {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Type": "NoSuchType", "Value": "x"},
        }
    (folder / "Contract.template.json").write_text(json.dumps(template))
    destination = {
        "bucketName": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}",
        "objectKey": f"{code_hash}.zip",
    }
    (folder / "Contract.assets.json").write_text(
        json.dumps(
            {
                "files": {
                    code_hash: {
                        "source": {"path": f"asset.{code_hash}", "packaging": "zip"},
                        "destinations": {"here": destination},
                    }
                }
            }
        )
    )
    artifacts = {
        "Contract.assets": {
            "type": "cdk:asset-manifest",
            "properties": {"file": "Contract.assets.json"},
        },
        "Contract": {
            "type": "aws:cloudformation:stack",
            "dependencies": ["Contract.assets"],
            "properties": {
                "templateFile": "Contract.template.json",
                "requiresBootstrapStackVersion": 6,
                "bootstrapStackVersionSsmParameter": "/cdk-bootstrap/hnb659fds/version",
            },
        },
    }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    return folder


@dataclass(frozen=True)
class Cloud:
    """The deployed contract stack, and short ways to look into it."""

    emulator: Emulator
    deployment: Deployment

    def client(self, service: str, **settings: Any) -> Any:
        return session_for(self.emulator.endpoint).client(service, **settings)

    def notes(self, topic: str) -> list[dict[str, Any]]:
        rows = self.client("dynamodb").query(
            TableName=self.deployment.state_table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": topic}},
        )["Items"]
        return [json.loads(row["facts"]["S"]) for row in rows]

    def function(self, name: str) -> str:
        resource = self.client("cloudformation").describe_stack_resource(
            StackName="Contract", LogicalResourceId=name
        )
        return str(resource["StackResourceDetail"]["PhysicalResourceId"])

    def start(self, run: str, **given: Any) -> str:
        started = self.client("stepfunctions").start_execution(
            stateMachineArn=self.deployment.state_machine_arn,
            name=run,
            input=json.dumps({"run": run, "count": 1, "wait_sec": 0, **given}),
        )
        return str(started["executionArn"])

    def end_of(self, execution_arn: str, within_sec: float = 30) -> dict[str, Any]:
        describe = self.client("stepfunctions").describe_execution
        until(
            lambda: describe(executionArn=execution_arn)["status"] != "RUNNING",
            within_sec=within_sec,
        )
        return dict(describe(executionArn=execution_arn))


def until(true: Callable[[], Any], *, within_sec: float = 15) -> Any:
    """Wait for something to become true, and return what it was."""
    deadline = time.monotonic() + within_sec
    while time.monotonic() < deadline:
        if value := true():
            return value
        time.sleep(0.05)
    raise AssertionError(f"still not true after {within_sec} s")
