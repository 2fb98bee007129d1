"""The alarms: few, each with something to do, each pointing to its page of the runbook.

CloudWatch bills an alarm by the metrics it reads, and ten of those are free. These read ten. What
has no alarm of its own runs into one of these: see "What is watched" in docs/deploy.md.
"""

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from shared import metrics
from stacks.metric_sources import (
    AVERAGE,
    HOUR,
    MAXIMUM,
    MINUTES_5,
    every_function,
    ours,
    rule_matches,
    share_percent,
)
from stacks.pipeline import PipelineStack

FLAGGED_PERCENT = 5
FAILING_PERCENT = 20
OLDEST_DROP = Duration.minutes(10)
ENOUGH_CLIPS = 20
"""Below this a share says nothing: one flagged clip of three is no trend."""


@dataclass(frozen=True, kw_only=True)
class AlarmSpec:
    """One alarm; `anchor` is its heading in the runbook."""

    name: str
    anchor: str
    meaning: str
    metric: cloudwatch.IMetric
    threshold: float
    periods: int = 1


def alarm_specs(pipeline: PipelineStack) -> tuple[AlarmSpec, ...]:
    """All alarms of a deployment; each fires above its threshold."""
    return (
        AlarmSpec(
            name="DeadLetters",
            anchor="dead-letters",
            meaning="Something was given up and waits in a dead-letter queue.",
            metric=dead_letters(pipeline),
            threshold=0,
        ),
        AlarmSpec(
            name="BrokenRuns",
            anchor="broken-runs",
            meaning="A batch's execution failed, timed out or was aborted.",
            metric=rule_matches(pipeline.run_ends_rule),
            threshold=0,
        ),
        AlarmSpec(
            name="ClipsFailing",
            anchor="clips-failing",
            meaning=f"More than {FAILING_PERCENT} % of an hour's clips failed by our own fault.",
            # a clip that is done publishes a 0, so the mean is the share: one metric, not two
            metric=ours(metrics.CLIPS_FAILED, statistic=AVERAGE, period=HOUR),
            threshold=FAILING_PERCENT / 100,
        ),
        AlarmSpec(
            name="FlaggedShare",
            anchor="flagged-share",
            meaning=f"More than {FLAGGED_PERCENT} % of an hour's clips were held for review.",
            metric=share_percent(
                *(metrics.CLIPS_FLAGGED, metrics.CLIPS_DONE),
                at_least=ENOUGH_CLIPS,
                period=HOUR,
                label="flagged %",
            ),
            threshold=FLAGGED_PERCENT,
        ),
        AlarmSpec(
            name="OldestDrop",
            anchor="oldest-drop",
            meaning="A dropped file has been waiting for too long to be looked at.",
            metric=pipeline.drops.metric_approximate_age_of_oldest_message(
                statistic=MAXIMUM, period=MINUTES_5
            ),
            threshold=OLDEST_DROP.to_seconds(),
        ),
        AlarmSpec(
            name="ProvidersPaused",
            anchor="providers-paused",
            meaning="A provider of models is down, and no job is sent to it.",
            metric=ours(metrics.PROVIDERS_PAUSED),
            threshold=0,
        ),
        AlarmSpec(
            name="FunctionThrottles",
            anchor="function-throttles",
            meaning="Lambda has been refusing calls in this region for a quarter of an hour.",
            metric=every_function("Throttles"),
            threshold=0,
            periods=3,
        ),
    )


def dead_letters(pipeline: PipelineStack) -> cloudwatch.MathExpression:
    """Messages in all dead-letter queues together."""
    queues = {
        "drops": pipeline.drops_dead_letters,
        "jobs": pipeline.jobs_dead_letters,
        "notices": pipeline.notifications_dead_letters,
    }
    return cloudwatch.MathExpression(
        expression="drops + jobs + notices",
        using_metrics={
            name: queue.metric_approximate_number_of_messages_visible(
                statistic=MAXIMUM, period=MINUTES_5
            )
            for name, queue in queues.items()
        },
        period=MINUTES_5,
        label="dead letters",
    )
