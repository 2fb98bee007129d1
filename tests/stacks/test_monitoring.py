"""Alarms that somebody hears, that say what to do, and that cost nothing."""

import json
import re
from typing import Any

from shared import metrics
from tests.stacks.assembly import Assembly

FREE_ALARM_METRICS = 10
FREE_DASHBOARDS = 3


def metrics_read(alarm: dict[str, Any]) -> int:
    return sum(1 for each in alarm["Metrics"] if "MetricStat" in each) if "Metrics" in alarm else 1


def test_alarms_stay_within_what_is_free(prod: Assembly) -> None:
    alarms = prod.of_type("AWS::CloudWatch::Alarm")
    assert len(alarms) <= FREE_ALARM_METRICS
    assert sum(metrics_read(alarm) for alarm in alarms.values()) <= FREE_ALARM_METRICS
    assert len(prod.of_type("AWS::CloudWatch::Dashboard")) <= FREE_DASHBOARDS


def test_nothing_is_given_up_without_an_alarm(prod: Assembly) -> None:
    alarms = prod.of_type("AWS::CloudWatch::Alarm")
    (alarm,) = (each for name, each in alarms.items() if name.startswith("DeadLetters"))
    queues = [name for name in prod.of_type("AWS::SQS::Queue") if "DeadLetters" in name]
    assert len(queues) == metrics_read(alarm) == 3
    for queue in queues:
        assert queue.removesuffix(queue[-8:]) in json.dumps(alarm["Metrics"]), queue


def test_every_alarm_tells_ops_of_its_beginning_and_its_end(prod: Assembly) -> None:
    for name, alarm in prod.of_type("AWS::CloudWatch::Alarm").items():
        for kind in ("AlarmActions", "OKActions"):
            assert "Ops" in json.dumps(alarm[kind]), name
        assert alarm["TreatMissingData"] == "notBreaching", name


def test_every_alarm_points_to_its_page(prod: Assembly, runbook: str) -> None:
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in runbook.splitlines()
        if line.startswith("#")
    }
    for name, alarm in prod.of_type("AWS::CloudWatch::Alarm").items():
        _, anchor = alarm["AlarmDescription"].rsplit("#", 1)
        assert "docs/deploy.md#" in alarm["AlarmDescription"], name
        assert anchor in headings, name


def test_alarms_reach_a_mailbox_when_one_is_set(prod: Assembly, local: Assembly) -> None:
    (subscription,) = prod.of_type("AWS::SNS::Subscription").values()
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "ops@example.com")
    assert not local.of_type("AWS::SNS::Subscription")


def test_the_dashboard_shows_every_metric_that_handlers_publish(prod: Assembly) -> None:
    (dashboard,) = prod.of_type("AWS::CloudWatch::Dashboard").values()
    shown = json.dumps(dashboard)
    published = {
        value
        for name, value in vars(metrics).items()
        if name.isupper() and isinstance(value, str) and name not in ("NAMESPACE", "SERVICE")
    }
    assert {name for name in published if name not in shown} == set()
    assert all(stage in shown for stage in metrics.STAGES)
    assert "ApproximateNumberOfMessagesVisible" in shown


def test_cloudwatch_may_publish_to_the_ops_topic(prod: Assembly) -> None:
    """A topic policy replaces the default one, so what it does not say is not allowed."""
    (policy,) = (
        policy["PolicyDocument"]["Statement"]
        for name, policy in prod.of_type("AWS::SNS::TopicPolicy").items()
        if name.startswith("Ops")
    )
    allowed = [each for each in policy if each["Effect"] == "Allow"]
    assert [each["Principal"] for each in allowed] == [{"Service": "cloudwatch.amazonaws.com"}]
    assert allowed[0]["Action"] == "sns:Publish"
