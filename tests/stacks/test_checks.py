"""The checks themselves: what they say, and what we answer them."""

import re

import pytest

from tests.stacks.assembly import STACKS, Assembly

# A new acknowledgement shows up here, and so in a review.
ACKNOWLEDGED = {
    "AwsSolutions-S1",
    "AwsSolutions-IAM5[Resource::*]",
    "AwsSolutions-IAM5[Resource::Drop/*]",
    "AwsSolutions-IAM5[Resource::Drop/*/_*]",
    "AwsSolutions-IAM5[Resource::Work/*]",
    "AwsSolutions-IAM5[Resource::Work/runs/*/items.json]",
    "AwsSolutions-IAM5[Resource::Library/*]",
    "AwsSolutions-IAM5[Resource::Library/_audit/*]",
    "AwsSolutions-IAM5[Resource::arn:aws:bedrock:*::foundation-model/*]",
    "AwsSolutions-IAM5[Resource::arn:aws:bedrock:*:*:inference-profile/*]",
    "AwsSolutions-IAM5[Resource::<own executions>:dropreel-batches:*]",
    "AwsSolutions-IAM5[Resource::<own executions>:dropreel-batches/*]",
}
OWN_EXECUTIONS = "arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution"

# Regions that have no function URLs and so no Dropreel; docs/deploy.md names them.
URL_MISSING = re.compile(r"Resource type 'AWS::Lambda::Url' does not exist in '([\w-]+)'")

# The construct library says twice that a function needs its role; CloudFormation does not mind.
LINT_IGNORED = "W3005"


def short(finding: str) -> str:
    """A finding without what the construct library adds to names."""
    plain = finding.split("::", 1)[1] if finding.startswith("Annotation::") else finding
    plain = plain.removeprefix("AwsSolutions::").replace(OWN_EXECUTIONS, "<own executions>")
    return re.sub(r"dropreel-storage:ExportsOutputFnGetAtt([A-Z][a-z]+)\w+?(?=/)", r"\1", plain)


def test_nothing_is_acknowledged_that_is_not_listed_here(prod: Assembly) -> None:
    assert {short(finding) for _, finding, _ in prod.acknowledged()} == ACKNOWLEDGED


def test_every_reason_is_a_sentence(prod: Assembly) -> None:
    for construct, finding, reason in prod.acknowledged():
        assert reason.endswith("."), (construct, finding)
        assert len(reason.split()) >= 8, (construct, finding)


def test_without_an_acknowledgement_the_synth_fails(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stacks import handler_function  # noqa: PLC0415 - starts Node
    from tests.stacks.conftest import synthesised  # noqa: PLC0415

    monkeypatch.setattr(handler_function, "acknowledge", lambda *_: None)
    with pytest.raises(RuntimeError, match="IAM5"):
        synthesised(tmp_path_factory.mktemp("unanswered"), stage="local")


@pytest.mark.parametrize("stack", STACKS)
def test_the_templates_please_cfn_lint(prod: Assembly, runbook: str, stack: str) -> None:
    from cfnlint.api import lint_all  # noqa: PLC0415 - takes seconds

    text = (prod.folder / f"dropreel-{stack}.template.json").read_text()
    found = [
        each for each in lint_all(text) if each.rule.id[0] in "EW" and each.rule.id != LINT_IGNORED
    ]
    regions = {match[1] for each in found if (match := URL_MISSING.match(each.message))}
    assert all(f"`{region}`" in runbook for region in regions)
    assert not [each for each in found if not URL_MISSING.match(each.message)]
