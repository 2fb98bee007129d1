"""What an auditor asks: closed, encrypted, and nobody may do more than it does."""

from typing import Any

import pytest

from stacks.access import PROTECTED
from tests.stacks.assembly import Assembly, listed, text_of

UNNAMEABLE = {
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
    "states:SendTaskSuccess",
    "states:SendTaskFailure",
    "states:SendTaskHeartbeat",
}
"""Actions without resources, by the service authorization reference."""

TLS_GUARDED = {
    "AWS::S3::BucketPolicy": "AWS::S3::Bucket",
    "AWS::SQS::QueuePolicy": "AWS::SQS::Queue",
    "AWS::SNS::TopicPolicy": "AWS::SNS::Topic",
}


def test_no_statement_allows_every_action(prod: Assembly) -> None:
    for policy, statement in prod.statements():
        assert not [each for each in listed(statement["Action"]) if "*" in each], policy


def test_only_actions_without_resources_are_granted_on_everything(prod: Assembly) -> None:
    for policy, statement in prod.statements():
        if "*" in listed(statement["Resource"]):
            assert set(listed(statement["Action"])) <= UNNAMEABLE, policy


def test_no_role_has_a_managed_policy_or_is_shared(prod: Assembly) -> None:
    roles = prod.of_type("AWS::IAM::Role")
    assert not [name for name, role in roles.items() if role.get("ManagedPolicyArns")]
    used = [text_of(each["Role"]) for each in prod.of_type("AWS::Lambda::Function").values()]
    assert len(used) == len(set(used))


def test_every_handler_is_denied_the_protected_folders_of_every_bucket(prod: Assembly) -> None:
    denied = [
        statement
        for _, statement in prod.statements()
        if statement["Effect"] == "Deny" and "s3:PutObject" in listed(statement["Action"])
    ]
    assert len(denied) == len(prod.of_type("AWS::Lambda::Function"))
    for statement in denied:
        places = [text_of(each) for each in statement["Resource"]]
        for folder in PROTECTED:
            assert sum(f'"/{folder}/*"' in place for place in places) == 3
            assert sum(f'"/*/{folder}/*"' in place for place in places) == 3


@pytest.mark.parametrize(("policy_type", "guarded_type"), TLS_GUARDED.items())
def test_everything_is_reached_by_tls_only(
    prod: Assembly, policy_type: str, guarded_type: str
) -> None:
    refusing = [
        policy
        for policy in prod.of_type(policy_type).values()
        if any(_refuses_plain(each) for each in policy["PolicyDocument"]["Statement"])
    ]
    assert len(refusing) == len(prod.of_type(guarded_type))


def _refuses_plain(statement: dict[str, Any]) -> bool:
    condition = statement.get("Condition", {}).get("Bool", {})
    return (statement["Effect"], condition.get("aws:SecureTransport")) == ("Deny", "false")


def test_buckets_are_closed_encrypted_and_owned(prod: Assembly) -> None:
    buckets = prod.of_type("AWS::S3::Bucket")
    assert len(buckets) == 4
    for bucket in buckets.values():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        rules = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rules[0]["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
        ownership = bucket["OwnershipControls"]["Rules"][0]["ObjectOwnership"]
        assert ownership == "BucketOwnerEnforced"
        aborted = [
            rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
            for rule in bucket["LifecycleConfiguration"]["Rules"]
            if "AbortIncompleteMultipartUpload" in rule
        ]
        assert aborted == [1]


def test_what_creators_own_is_versioned_and_what_can_be_made_again_is_forgotten(
    prod: Assembly,
) -> None:
    buckets = {name[:4]: bucket for name, bucket in prod.of_type("AWS::S3::Bucket").items()}
    for name in ("Drop", "Libr"):
        assert buckets[name]["VersioningConfiguration"]["Status"] == "Enabled"
    days = [
        rule.get("ExpirationInDays") for rule in buckets["Work"]["LifecycleConfiguration"]["Rules"]
    ]
    assert 7 in days
    assert not any(
        "ExpirationInDays" in rule for rule in buckets["Libr"]["LifecycleConfiguration"]["Rules"]
    )


def test_the_table_can_be_restored_and_forgets(prod: Assembly) -> None:
    (table,) = prod.of_type("AWS::DynamoDB::Table").values()
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert [each["AttributeName"] for each in table["KeySchema"]] == ["pk", "sk"]


def test_what_must_outlive_its_stack_is_retained(prod: Assembly) -> None:
    for name, resource in prod.templates["storage"]["Resources"].items():
        if resource["Type"] in ("AWS::S3::Bucket", "AWS::DynamoDB::Table"):
            assert resource["DeletionPolicy"] == "Retain", name
            assert resource["UpdateReplacePolicy"] == "Retain", name


def test_queues_are_encrypted_and_have_a_place_for_what_fails(prod: Assembly) -> None:
    queues = prod.of_type("AWS::SQS::Queue")
    assert all(queue["SqsManagedSseEnabled"] for queue in queues.values())
    alone = [name for name, queue in queues.items() if "RedrivePolicy" not in queue]
    assert all("DeadLetters" in name for name in alone)
    assert all(queues[name]["MessageRetentionPeriod"] == 14 * 86_400 for name in alone)


def test_every_rule_sets_aside_what_it_cannot_deliver(prod: Assembly) -> None:
    rules = prod.of_type("AWS::Events::Rule")
    assert len(rules) == 3
    for rule in rules.values():
        for target in rule["Targets"]:
            assert "Arn" in target["DeadLetterConfig"]
            assert target["RetryPolicy"]["MaximumRetryAttempts"] == 185


def test_there_are_no_custom_resources_and_no_keys_to_pay_for(prod: Assembly) -> None:
    types = {resource["Type"] for resource in prod.resources.values()}
    assert not [type_ for type_ in types if "Custom" in type_ or type_.startswith("AWS::KMS")]
