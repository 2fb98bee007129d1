"""The house in memory, fresh for every test."""

import pytest

from tests.pipeline.house import House, build_house


@pytest.fixture
def house() -> House:
    return build_house()
