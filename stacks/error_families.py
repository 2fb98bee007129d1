"""Names of our error classes, by family, for the workflow's Retry and Catch rules.

Step Functions matches whole names and knows no inheritance, so a rule for `InvalidInput` lists
every class below it. They are read from the classes themselves: a new error needs no edit here.
"""

from importlib import import_module

from shared.errors import BatchCancelled, DropreelError, InvalidInput, QualityFailed, Transient

# Modules that define errors; a subclass exists only once its module is imported.
HOMES = ("shared.errors", "shared.ports")

for _home in HOMES:
    import_module(_home)


def family(root: type[DropreelError]) -> list[str]:
    """The class's name and those of all its descendants, parents before children."""
    names = [root.__name__]
    for child in root.__subclasses__():
        names += [name for name in family(child) if name not in names]
    return names


INVALID_INPUT = family(InvalidInput)
CANCELLED = family(BatchCancelled)
QUALITY_FAILED = family(QualityFailed)

LAMBDA_FAULTS = [
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.TooManyRequestsException",
]
"""The service failed or was busy; the handler did not run, or its answer was lost."""

PASSING = [*family(Transient), *LAMBDA_FAULTS]
"""Goes away by itself."""

DECIDED = [*INVALID_INPUT, *CANCELLED, *QUALITY_FAILED]
"""The answer would be the same next time."""
