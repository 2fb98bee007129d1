"""What ops look at: one dashboard, and the alarms that call them to it."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from constructs import Construct

from shared import metrics
from stacks.alarms import FLAGGED_PERCENT, AlarmSpec, alarm_specs, dead_letters
from stacks.metric_sources import (
    AVERAGE,
    HOUR,
    MAXIMUM,
    MINUTES_5,
    every_function,
    ours,
    share_percent,
)
from stacks.pipeline import PipelineStack
from stacks.settings import Settings

HALF, FULL = 12, 24


class MonitoringStack(Stack):
    """The dashboard and the alarms of a deployment."""

    def __init__(
        self, scope: Construct, id_: str, *, settings: Settings, pipeline: PipelineStack
    ) -> None:
        super().__init__(scope, id_, description="Dropreel: dashboard and alarms")
        self._settings = settings
        self._pipeline = pipeline
        self.alarms = [self._build_alarm(spec) for spec in alarm_specs(pipeline)]
        self._build_dashboard()

    def _build_alarm(self, spec: AlarmSpec) -> cloudwatch.Alarm:
        alarm = cloudwatch.Alarm(
            self,
            spec.name,
            alarm_name=f"{self._settings.name}-{spec.anchor}",
            alarm_description=(
                f"{spec.meaning} What to do: {self._settings.runbook_url}#{spec.anchor}"
            ),
            metric=spec.metric,
            threshold=spec.threshold,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=spec.periods,
            # Nothing happens when nothing is dropped, and that is no reason to wake anybody.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        action = actions.SnsAction(self._pipeline.ops)
        alarm.add_alarm_action(action)
        alarm.add_ok_action(action)
        return alarm

    def _build_dashboard(self) -> None:
        dashboard = cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=self._settings.name,
            default_interval=Duration.days(1),
        )
        dashboard.add_widgets(cloudwatch.AlarmStatusWidget(alarms=self.alarms, width=FULL))
        dashboard.add_widgets(self._batches(), self._clips())
        dashboard.add_widgets(self._quality(), self._stages())
        dashboard.add_widgets(self._cost(), self._waiting())
        dashboard.add_widgets(self._functions(), self._executions())
        dashboard.add_widgets(_graph("Providers paused", ours(metrics.PROVIDERS_PAUSED)))

    def _batches(self) -> cloudwatch.GraphWidget:
        names = (metrics.BATCHES_ACCEPTED, metrics.BATCHES_FINISHED, metrics.BATCHES_REJECTED)
        return _graph("Batches", *(ours(name) for name in names))

    def _clips(self) -> cloudwatch.GraphWidget:
        names = (metrics.CLIPS_DONE, metrics.CLIPS_FLAGGED, metrics.CLIPS_REJECTED)
        return _graph("Clips", *(ours(name) for name in (*names, metrics.CLIPS_FAILED)))

    def _quality(self) -> cloudwatch.GraphWidget:
        share = share_percent(
            *(metrics.CLIPS_FLAGGED, metrics.CLIPS_DONE),
            at_least=1,
            period=HOUR,
            label="flagged %",
        )
        limit = cloudwatch.HorizontalAnnotation(value=FLAGGED_PERCENT, label="alarm")
        return cloudwatch.GraphWidget(
            title="Held for review, % of clips; share of them approved",
            left=[share],
            left_annotations=[limit],
            right=[ours(metrics.REVIEWS_APPROVED, statistic=AVERAGE, period=HOUR)],
            width=HALF,
        )

    def _stages(self) -> cloudwatch.GraphWidget:
        return _graph(
            "Seconds per stage and clip",
            *(
                ours(metrics.STAGE_SECONDS, statistic=AVERAGE, stage=stage)
                for stage in metrics.STAGES
            ),
        )

    def _cost(self) -> cloudwatch.GraphWidget:
        return cloudwatch.GraphWidget(
            title="Cost, US dollars",
            left=[ours(metrics.BATCH_COST_USD, period=HOUR)],
            right=[ours(metrics.CLIP_COST_USD, statistic=AVERAGE, period=HOUR)],
            width=HALF,
        )

    def _waiting(self) -> cloudwatch.GraphWidget:
        queue = self._pipeline.drops
        return cloudwatch.GraphWidget(
            title="Dead letters, and the oldest drop in seconds",
            left=[dead_letters(self._pipeline)],
            right=[
                queue.metric_approximate_age_of_oldest_message(
                    statistic=MAXIMUM, period=MINUTES_5, label="oldest drop"
                )
            ],
            width=HALF,
        )

    def _functions(self) -> cloudwatch.GraphWidget:
        return _graph(
            "Functions of this region",
            every_function("Errors"),
            every_function("Throttles"),
            every_function("ConcurrentExecutions", MAXIMUM),
        )

    def _executions(self) -> cloudwatch.GraphWidget:
        machine = self._pipeline.batches.machine
        return _graph(
            "Executions",
            machine.metric_started(label="started"),
            machine.metric_succeeded(label="succeeded"),
            machine.metric_failed(label="failed"),
            machine.metric_timed_out(label="timed out"),
            machine.metric_aborted(label="aborted"),
            machine.metric_throttled(label="throttled"),
        )


def _graph(title: str, *shown: cloudwatch.IMetric) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(shown), width=HALF)
