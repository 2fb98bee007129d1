"""One synth of each stage for all tests: the first in a process takes seconds, the next none.

Both leave the libraries out, so that no test needs the network; what that changes is tested apart.
"""

from pathlib import Path

import pytest

from stacks.node_runtime import use_packaged_node
from tests.stacks.assembly import Assembly

use_packaged_node()


def synthesised(folder: Path, **context: str) -> Assembly:
    from stacks.composition import new_app  # noqa: PLC0415 - starts Node

    new_app({"handler_dependencies": "host", **context}, outdir=str(folder)).synth()
    return Assembly(folder)


@pytest.fixture(scope="session")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    return synthesised(tmp_path_factory.mktemp("prod"), stage="prod", alarm_email="ops@example.com")


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    return synthesised(tmp_path_factory.mktemp("local"), stage="local")


@pytest.fixture(scope="session")
def project() -> Path:
    return Path(__file__).parents[2]


@pytest.fixture(scope="session")
def architecture(project: Path) -> str:
    return (project / "docs" / "architecture.md").read_text("utf-8")


@pytest.fixture(scope="session")
def runbook(project: Path) -> str:
    return (project / "docs" / "deploy.md").read_text("utf-8")
