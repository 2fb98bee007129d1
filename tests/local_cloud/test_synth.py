"""A synthesis is made once for each state of what it read, as the CDK CLI would make it."""

import json
import textwrap
from pathlib import Path

import pytest

from local_cloud.errors import SynthFailed
from local_cloud.synth import KEPT, cached_assembly, synthesise

# Stands in for a CDK app: counts its runs (where nothing is recorded), imports a module, opens a
# data file, copies a handler.
APP = """
    import json, os, shutil
    from pathlib import Path
    from stacks import storage

    runs = Path(".dropreel/runs.txt")
    runs.write_text(f"{int(runs.read_text()) + 1}" if runs.exists() else "1")
    json.loads(Path("stacks/machine.json").read_text())
    out = Path(os.environ["CDK_OUTDIR"])
    shutil.copytree("lambdas", out / "asset.1")
    context = json.loads(os.environ["CDK_CONTEXT_JSON"])
    account = [name for name in os.environ if name.startswith("AWS_")]
    manifest = {"artifacts": {}, "context": context, "name": storage.NAME, "account": account}
    (out / "manifest.json").write_text(json.dumps(manifest))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(textwrap.dedent(APP))
    (tmp_path / "cdk.json").write_text(json.dumps({"context": {"flag": True, "stage": "prod"}}))
    for folder in ("stacks", "lambdas"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").touch()
    (tmp_path / "stacks" / "storage.py").write_text("NAME = 'first'\n")
    (tmp_path / "stacks" / "machine.json").write_text("{}")
    (tmp_path / "lambdas" / "accept.py").write_text("x = 1\n")
    return tmp_path


def manifest(folder: Path) -> dict[str, object]:
    content: dict[str, object] = json.loads((folder / "manifest.json").read_text())
    return content


def count(project: Path) -> int:
    return int((project / ".dropreel" / "runs.txt").read_text())


def test_the_app_gets_the_stage_and_the_context_but_no_account(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    made = manifest(synthesise(project))
    assert made["context"] == {"flag": True, "stage": "local"}
    assert made["account"] == []


def test_nothing_changed_means_no_new_run(project: Path) -> None:
    assert cached_assembly(project) is None
    first = synthesise(project)
    assert synthesise(project) == first == cached_assembly(project)
    assert count(project) == 1


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("app.py", None),
        ("stacks/storage.py", "NAME = 'second'\n"),
        ("stacks/machine.json", '{"StartAt": "There"}'),
        ("cdk.json", '{"context": {"flag": false}}'),
    ],
)
def test_whatever_the_app_read_makes_a_new_run(project: Path, file: str, text: str | None) -> None:
    first = synthesise(project)
    path = project / file
    path.write_text(text if text is not None else path.read_text() + "# changed\n")
    assert synthesise(project) != first
    assert count(project) == 2


def test_a_handler_that_is_only_copied_makes_none(project: Path) -> None:
    synthesise(project)
    (project / "lambdas" / "accept.py").write_text("x = 2\n")
    (project / "lambdas" / "another.py").touch()
    synthesise(project)
    assert count(project) == 1


def test_going_back_finds_the_earlier_one_and_old_ones_go(project: Path) -> None:
    storage = project / "stacks" / "storage.py"
    folders = []
    for n in range(KEPT + 2):
        storage.write_text(f"NAME = '{n}'\n")
        folders.append(synthesise(project))
    storage.write_text(f"NAME = '{KEPT}'\n")
    assert synthesise(project) == folders[KEPT]
    assert [folder.exists() for folder in folders] == [False, False, *[True] * KEPT]
    assert count(project) == KEPT + 2


def test_another_stage_is_another_assembly(project: Path) -> None:
    assert manifest(synthesise(project, stage="prod"))["context"] != {}
    assert cached_assembly(project) is None


def test_a_failure_says_what_the_app_said_and_keeps_nothing(project: Path) -> None:
    (project / "app.py").write_text("raise ValueError('no such model: wan9')\n")
    with pytest.raises(SynthFailed, match="ValueError: no such model: wan9"):
        synthesise(project)
    assert not list((project / ".dropreel").glob("*"))
