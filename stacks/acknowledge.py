"""Findings of the security checks that are meant, each with its reason in place."""

from collections.abc import Iterable

from aws_cdk import Acknowledgment, Validations
from aws_cdk import aws_iam as iam
from constructs import IConstruct


def acknowledge(construct: IConstruct, finding: str, reason: str) -> None:
    """Accept one finding on a construct.

    Parameters
    ----------
    finding : the exact id, for example `AwsSolutions-IAM5[Resource::*]`; a bare rule name covers
        only rules that have no parts.
    reason : a full sentence; it ends up in the template and in the report.
    """
    Validations.of(construct).acknowledge(Acknowledgment(id=finding, reason=reason))


def acknowledge_wildcards(role: iam.Role, granted: Iterable[iam.PolicyStatement]) -> None:
    """Accept the wildcards of a role's statements, each with what it stands for."""
