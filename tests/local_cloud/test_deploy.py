"""The very template is deployed with the code of now; a refusal names resource and reason."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from local_cloud.assembly import read_assembly
from local_cloud.bundles import bundle
from local_cloud.deploy import deploy
from local_cloud.emulator import running_emulator
from local_cloud.errors import DeployFailed
from local_cloud.sessions import session_for
from tests.local_cloud.contract_stack import Cloud, write_assembly


def package(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def test_our_packages_are_packed_from_the_project_and_the_rest_from_the_asset(
    tmp_path: Path,
) -> None:
    asset, project = tmp_path / "asset", tmp_path / "project"
    package(asset / "lambdas", accept="old", gone="old")
    package(asset / "pydantic", main="theirs")
    (asset / "NOTICE").write_text("theirs")
    package(project / "lambdas", accept="new", added="new")
    (project / "lambdas" / "__pycache__").mkdir()
    (project / "lambdas" / "__pycache__" / "accept.pyc").touch()
    (project / "NOTICE").write_text("ours, and no package")
    _, content = bundle(asset, project)
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        texts = {name: packed.read(name).decode() for name in packed.namelist()}
    assert texts == {
        "lambdas/__init__.py": "",
        "lambdas/accept.py": "new",
        "lambdas/added.py": "new",
        "pydantic/__init__.py": "",
        "pydantic/main.py": "theirs",
        "NOTICE": "theirs",
    }


def test_equal_content_is_an_equal_bundle(tmp_path: Path) -> None:
    one = package(tmp_path / "one" / "lambdas", accept="same").parent
    two = package(tmp_path / "two" / "lambdas", accept="same").parent
    assert bundle(one, tmp_path) == bundle(two, tmp_path)
    (two / "lambdas" / "accept.py").write_text("other")
    assert bundle(one, tmp_path)[0] != bundle(two, tmp_path)[0]


def test_stacks_come_after_those_they_depend_on(tmp_path: Path) -> None:
    stack = {"type": "aws:cloudformation:stack"}
    artifacts = {
        "Monitoring": {
            **stack,
            "dependencies": ["Pipeline"],
            "properties": {"templateFile": "m.json"},
        },
        "Pipeline": {
            **stack,
            "dependencies": ["Storage"],
            "properties": {"templateFile": "p.json"},
        },
        "Storage": {**stack, "properties": {"templateFile": "s.json", "stackName": "Kept"}},
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    assembly = read_assembly(tmp_path, account="1", region="r")
    assert [stack.name for stack in assembly.stacks] == ["Kept", "Pipeline", "Monitoring"]


def test_a_folder_without_an_assembly_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeployFailed, match="no cloud assembly"):
        read_assembly(tmp_path, account="1", region="r")


@pytest.mark.cloud
def test_the_stacks_outputs_become_a_deployment(cloud: Cloud) -> None:
    deployment = cloud.deployment
    assert deployment.endpoint == cloud.emulator.endpoint
    assert deployment.drop_bucket == "contract-drop-000000000000"
    assert deployment.state_machine_arn.startswith("arn:aws:states:us-east-1:000000000000:")
    assert deployment.library_bucket == ""
    assert deployment.outputs["LostUrl"].startswith(cloud.emulator.endpoint)


@pytest.mark.cloud
def test_a_refused_resource_is_named_with_the_reason(tmp_path: Path) -> None:
    assembly = tmp_path / "assembly"
    assembly.mkdir()
    write_assembly(assembly, broken=True)
    with running_emulator(tmp_path) as emulator, pytest.raises(DeployFailed) as refused:
        deploy(assembly, session_for(emulator.endpoint), project=tmp_path)
    assert "Contract ended as ROLLBACK_COMPLETE. Odd (AWS::SSM::Parameter):" in str(refused.value)


@pytest.mark.cloud
def test_deploying_again_brings_new_code_to_functions_that_exist(tmp_path: Path) -> None:
    assembly = tmp_path / "assembly"
    assembly.mkdir()
    write_assembly(assembly)
    code = next(assembly.glob("asset.*")) / "contract.py"
    with running_emulator(tmp_path) as emulator:
        session = session_for(emulator.endpoint)
        first = deploy(assembly, session, project=tmp_path)
        assert deploy(assembly, session, project=tmp_path) == first
        code.write_text("def environment(event, context):\n    return 'new'\n")
        deploy(assembly, session, project=tmp_path)
        name = session.client("cloudformation").describe_stack_resource(
            StackName="Contract", LogicalResourceId="Environment"
        )["StackResourceDetail"]["PhysicalResourceId"]
        reply = session.client("lambda").invoke(FunctionName=name)
    assert json.load(reply["Payload"]) == "new"


@pytest.mark.cloud
@pytest.mark.parametrize("enforced", [True, False])
def test_a_role_without_a_right_is_refused_when_rights_are_enforced(
    tmp_path: Path, enforced: bool
) -> None:
    assembly = tmp_path / "assembly"
    assembly.mkdir()
    write_assembly(assembly)  # its one role has no policy at all
    with running_emulator(tmp_path, enforce_rights=enforced) as emulator:
        session = session_for(emulator.endpoint)
        deploy(assembly, session, project=tmp_path)
        name = session.client("cloudformation").describe_stack_resource(
            StackName="Contract", LogicalResourceId="Begin"
        )["StackResourceDetail"]["PhysicalResourceId"]
        payload = json.dumps({"run": "r", "count": 1})
        reply = session.client("lambda").invoke(FunctionName=name, Payload=payload)
        answer = json.load(reply["Payload"])
    assert ("AccessDenied" in answer.get("errorMessage", "")) is enforced
