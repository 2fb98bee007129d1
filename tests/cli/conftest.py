"""One desk for all tests of the command."""

import pytest

from tests.cli.desk import Desk, set_up_desk


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return set_up_desk(tmp_path_factory.mktemp("desk"))
