"""Names of our error classes, by family, for the workflow's Retry and Catch rules.

Step Functions matches whole names and knows no inheritance, so a rule for `InvalidInput` lists
every class below it. They are read from the sources, not by importing them: a synth needs none of
the handlers' libraries, and a new error in any module is known without an edit here.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from shared.errors import BatchCancelled, DropreelError, InvalidInput, QualityFailed, Transient

ROOT = Path(__file__).parents[1]
RAISING = ("shared", "lambdas")
"""The packages whose errors can reach the workflow."""


@cache
def family(root: type[DropreelError]) -> list[str]:
    """The class's name, then those of all its descendants in alphabetical order."""
    names = {root.__name__}
    while grown := {name for name, parents in _classes() if parents & names} - names:
        names |= grown
    return [root.__name__, *sorted(names - {root.__name__})]


@cache
def _classes() -> tuple[tuple[str, frozenset[str]], ...]:
    """Every class of the raising packages, with the names of its parents."""
    return tuple(
        (node.name, frozenset(_parents(node)))
        for package in RAISING
        for path in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
    )


def _parents(node: ast.ClassDef) -> Iterator[str]:
    for base in node.bases:
        if isinstance(base, ast.Name):
            yield base.id
        elif isinstance(base, ast.Attribute):  # `errors.InvalidInput`
            yield base.attr


INVALID_INPUT = family(InvalidInput)
CANCELLED = family(BatchCancelled)
QUALITY_FAILED = family(QualityFailed)

LAMBDA_FAULTS = [
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
]
"""The service failed or was busy; the handler did not run, or its answer was lost."""

PASSING = [*family(Transient), *LAMBDA_FAULTS]
"""Goes away by itself."""

CROWDED = ["Lambda.TooManyRequestsException"]
"""The account runs as many functions as it may; the handler did not run."""

DECIDED = [*INVALID_INPUT, *CANCELLED, *QUALITY_FAILED]
"""The answer would be the same next time."""
