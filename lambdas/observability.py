"""Logs and metrics: one logger and one metric namespace for all handlers."""

from aws_lambda_powertools import Logger, single_metric
from aws_lambda_powertools.metrics import MetricUnit

from shared.metrics import NAMESPACE, SERVICE

logger = Logger(service=SERVICE)


def count(name: str, value: float = 1.0) -> None:
    """Publish one count as an EMF log line."""
    _publish(name, MetricUnit.Count, value, {})


def seconds(name: str, value: float, *, stage: str) -> None:
    """Publish a duration of one stage."""
    _publish(name, MetricUnit.Seconds, value, {"stage": stage})


def dollars(name: str, value: float) -> None:
    """Publish an amount of US dollars; CloudWatch has no unit for money."""
    _publish(name, MetricUnit.NoUnit, value, {})


def _publish(name: str, unit: MetricUnit, value: float, dimensions: dict[str, str]) -> None:
    with single_metric(
        name=name,
        unit=unit,
        value=value,
        namespace=NAMESPACE,
        default_dimensions={"service": SERVICE, **dimensions},
    ):
        pass
