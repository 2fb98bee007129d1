"""A synthesised deployment, read as plain documents."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

STACKS = ("storage", "pipeline", "monitoring")

Resource = dict[str, Any]


@dataclass(frozen=True)
class Assembly:
    """The folder that a synth wrote."""

    folder: Path

    @cached_property
    def templates(self) -> dict[str, dict[str, Any]]:
        return {
            stack: json.loads((self.folder / f"dropreel-{stack}.template.json").read_text())
            for stack in STACKS
        }

    @cached_property
    def resources(self) -> dict[str, Resource]:
        """All resources by logical id; the stacks share none."""
        return {
            name: resource
            for template in self.templates.values()
            for name, resource in template["Resources"].items()
        }

    def of_type(self, type_: str) -> dict[str, Resource]:
        """Properties of all resources of a type, by logical id."""
        return {
            name: resource.get("Properties", {})
            for name, resource in self.resources.items()
            if resource["Type"] == type_
        }

    def statements(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every statement of every role, with the logical id of its policy."""
        for name, policy in self.of_type("AWS::IAM::Policy").items():
            for statement in policy["PolicyDocument"]["Statement"]:
                yield name, statement

    def handler_statements(self, state: str) -> list[dict[str, Any]]:
        return [
            statement
            for name, statement in self.statements()
            if name.startswith(f"{state}RoleDefaultPolicy")
        ]

    @property
    def definition(self) -> dict[str, Any]:
        """The deployed workflow, before substitution."""
        (machine,) = self.of_type("AWS::StepFunctions::StateMachine").values()
        definition: dict[str, Any] = json.loads(machine["DefinitionString"])
        return definition

    def acknowledged(self) -> Iterator[tuple[str, str, str]]:
        """Construct path, finding and reason of every acknowledgement."""
        for stack in STACKS:
            path = self.folder / f"dropreel-{stack}.metadata.json"
            for construct, entries in json.loads(path.read_text()).items():
                for entry in entries:
                    if entry["type"] == "aws:cdk:acknowledged-rules":
                        for finding, reason in entry["data"].items():
                            yield construct, finding, reason


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def text_of(value: Any) -> str:
    """A resource reference as text, intrinsic functions and all."""
    return value if isinstance(value, str) else json.dumps(value)
