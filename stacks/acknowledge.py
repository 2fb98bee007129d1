"""Findings of the security checks that are meant, each with its reason in place."""

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import IConstruct


def acknowledge(construct: IConstruct, finding: str, reason: str) -> None:
    """Accept one finding on a construct and everything below it.

    Parameters
    ----------
    finding : the exact id, for example `AwsSolutions-IAM5[Resource::*]`; a bare rule name covers
        only rules that have no parts.
    reason : a full sentence; it is kept in the metadata of the cloud assembly.
    """
    Validations.of(construct).acknowledge(Acknowledgment(id=finding, reason=reason))


def cross_stack_name(value: str, owner: IConstruct) -> str:
    """How a finding calls a value of another stack: by the name of its export."""
    stack = Stack.of(owner)
    exported: dict[str, str] = stack.resolve(stack.export_value(value))
    return exported["Fn::ImportValue"]
