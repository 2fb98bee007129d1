"""The embedded cloud runs the template that an account gets: only settings may differ."""

import json
import re
from typing import Any

from tests.stacks.assembly import STACKS, Assembly

STAGE_TAG = '{"Key": "stage", "Value": "%s"}'
ASSET = re.compile(r"[0-9a-f]{64}")

DIFFERENT = {
    "DeletionPolicy",  # stateful_removal
    "UpdateReplacePolicy",  # stateful_removal
    "KEYFRAME_WAIT_SEC",  # keyframe_wait_sec
}


def comparable(value: Any) -> Any:
    """A template without what settings and assets change."""
    if isinstance(value, dict):
        return {name: comparable(each) for name, each in value.items() if name not in DIFFERENT}
    if isinstance(value, list):
        return [comparable(each) for each in value]
    if isinstance(value, str):
        return ASSET.sub("<asset>", value.replace('"MaxConcurrency": 40', '"MaxConcurrency": 2'))
    return value


def without_stage_tags(template: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(template)
    tagged: dict[str, Any] = json.loads(text.replace(STAGE_TAG % "prod", STAGE_TAG % "local"))
    return tagged


def without_subscriptions(template: dict[str, Any]) -> dict[str, Any]:
    """Only `prod` was given an address for alarms."""
    kept = {
        name: resource
        for name, resource in template["Resources"].items()
        if resource["Type"] != "AWS::SNS::Subscription"
    }
    return {**template, "Resources": kept}


def test_local_and_prod_differ_in_settings_alone(prod: Assembly, local: Assembly) -> None:
    for stack in STACKS:
        ours = without_subscriptions(without_stage_tags(prod.templates[stack]))
        assert comparable(ours) == comparable(local.templates[stack]), stack


def test_local_can_be_thrown_away(local: Assembly) -> None:
    policies = {
        resource.get("DeletionPolicy")
        for resource in local.templates["storage"]["Resources"].values()
        if resource["Type"] in ("AWS::S3::Bucket", "AWS::DynamoDB::Table")
    }
    assert policies == {"Delete"}


def test_without_libraries_all_functions_share_one_asset(local: Assembly) -> None:
    keys = {
        function["Code"]["S3Key"] for function in local.of_type("AWS::Lambda::Function").values()
    }
    assert len(keys) == 1
    (name,) = (key.removesuffix(".zip") for key in keys)
    asset = local.folder / f"asset.{name}"
    assert {path.name for path in asset.iterdir()} == {"lambdas", "shared"}
    assert not list(asset.rglob("*.pyc"))
