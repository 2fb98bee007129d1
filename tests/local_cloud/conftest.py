"""One emulator with the contract stack, for all contract tests."""

from collections.abc import Iterator

import pytest

from local_cloud.deploy import deploy
from local_cloud.emulator import running_emulator
from local_cloud.sessions import session_for
from tests.local_cloud.contract_stack import Cloud, write_assembly


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    home = tmp_path_factory.mktemp("cloud")
    assembly = write_assembly(tmp_path_factory.mktemp("assembly"))
    with running_emulator(home) as emulator:
        deployment = deploy(assembly, session_for(emulator.endpoint), project=home)
        yield Cloud(emulator, deployment)
