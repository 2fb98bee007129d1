"""Reads a CDK cloud assembly: its stacks, by order of dependency, and the files they need.

Source: the assembly's own schema (`manifest.json`, `<stack>.assets.json`), as written by
aws-cdk-lib and read by the CDK CLI. Docker images and nested assemblies are refused: the embedded
cloud runs neither.
"""

import json
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from local_cloud.errors import DeployFailed

_STACK = "aws:cloudformation:stack"
_ASSETS = "cdk:asset-manifest"


@dataclass(frozen=True)
class Stack:
    """One CloudFormation stack."""

    name: str
    template_path: Path
    parameters: dict[str, str]


@dataclass(frozen=True)
class FileAsset:
    """A file or folder that a template refers to by its content's hash."""

    hash: str
    path: Path
    zipped: bool
    bucket: str
    key: str


@dataclass(frozen=True)
class Assembly:
    """What `cdk synth` made."""

    stacks: tuple[Stack, ...]
    assets: tuple[FileAsset, ...]
    bootstrap_version: int
    bootstrap_parameter: str


def read_assembly(folder: Path, *, account: str, region: str) -> Assembly:
    """The assembly in `folder`, its destinations filled in for one account and region.

    Raises
    ------
    DeployFailed
        The folder holds none, or one that the embedded cloud cannot run.
    """
    try:
        artifacts: dict[str, Any] = json.loads((folder / "manifest.json").read_text())["artifacts"]
    except (OSError, ValueError, KeyError) as error:
        raise DeployFailed(f"{folder} is no cloud assembly: {error}") from error
    stacks = {name: artifact for name, artifact in artifacts.items() if artifact["type"] == _STACK}
    if not stacks:
        raise DeployFailed(f"The cloud assembly in {folder} holds no stack.")
    required = [artifact.get("properties", {}) for artifact in stacks.values()]
    return Assembly(
        stacks=tuple(_stack(folder, name, stacks[name]) for name in _in_order(stacks)),
        assets=tuple(
            asset
            for artifact in artifacts.values()
            if artifact["type"] == _ASSETS
            for asset in _assets(
                folder, artifact["properties"]["file"], account=account, region=region
            )
        ),
        bootstrap_version=max(int(p.get("requiresBootstrapStackVersion", 0)) for p in required),
        bootstrap_parameter=next(
            (
                p["bootstrapStackVersionSsmParameter"]
                for p in required
                if p.get("bootstrapStackVersionSsmParameter")
            ),
            "/cdk-bootstrap/hnb659fds/version",
        ),
    )


def _in_order(stacks: dict[str, Any]) -> list[str]:
    graph = {
        name: [other for other in artifact.get("dependencies", []) if other in stacks]
        for name, artifact in stacks.items()
    }
    return list(TopologicalSorter(graph).static_order())


def _stack(folder: Path, artifact_id: str, artifact: dict[str, Any]) -> Stack:
    properties = artifact["properties"]
    return Stack(
        name=properties.get("stackName", artifact_id),
        template_path=folder / properties["templateFile"],
        parameters=properties.get("parameters", {}),
    )


def _assets(folder: Path, file: str, *, account: str, region: str) -> list[FileAsset]:
    listed = json.loads((folder / file).read_text())
    if listed.get("dockerImages"):
        raise DeployFailed(
            f"{file} asks for a Docker image; the embedded cloud runs plain bundles only."
        )
    assets = []
    for digest, asset in listed.get("files", {}).items():
        (destination,) = asset["destinations"].values()
        filled = {
            name: value.replace("${AWS::AccountId}", account)
            .replace("${AWS::Region}", region)
            .replace("${AWS::Partition}", "aws")
            for name, value in destination.items()
        }
        assets.append(
            FileAsset(
                hash=digest,
                path=folder / asset["source"]["path"],
                zipped=asset["source"].get("packaging") == "zip",
                bucket=filled["bucketName"],
                key=filled["objectKey"],
            )
        )
    return assets
