"""The numbers that the dashboard and the alarms look at."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events

from shared import metrics

SUM = "Sum"
AVERAGE = "Average"
MAXIMUM = "Maximum"

MINUTES_5 = Duration.minutes(5)
HOUR = Duration.hours(1)


def ours(
    name: str, *, statistic: str = SUM, period: Duration = MINUTES_5, stage: str | None = None
) -> cloudwatch.Metric:
    """A metric that handlers publish."""
    more = {"stage": stage} if stage else {}
    return cloudwatch.Metric(
        namespace=metrics.NAMESPACE,
        metric_name=name,
        dimensions_map={"service": metrics.SERVICE, **more},
        statistic=statistic,
        period=period,
        label=stage or name,
    )


def every_function(name: str, statistic: str = SUM) -> cloudwatch.Metric:
    """A metric of Lambda over all functions of the region: one metric instead of one a function."""
    return cloudwatch.Metric(
        namespace="AWS/Lambda", metric_name=name, statistic=statistic, period=MINUTES_5, label=name
    )


def rule_matches(rule: events.Rule) -> cloudwatch.Metric:
    """How often a rule met an event that it was waiting for."""
    return cloudwatch.Metric(
        namespace="AWS/Events",
        metric_name="TriggeredRules",
        dimensions_map={"RuleName": rule.rule_name},
        statistic=SUM,
        period=MINUTES_5,
        label="broken runs",
    )


def share_percent(
    part: str, rest: str, *, at_least: int, period: Duration, label: str
) -> cloudwatch.MathExpression:
    """`part` in percent of `part` and `rest` together; 0 below `at_least` clips in the period."""
    return cloudwatch.MathExpression(
        expression=(
            f"IF(FILL(part, 0) + FILL(rest, 0) >= {at_least},"
            " 100 * FILL(part, 0) / (FILL(part, 0) + FILL(rest, 0)), 0)"
        ),
        using_metrics={"part": ours(part, period=period), "rest": ours(rest, period=period)},
        period=period,
        label=label,
    )
