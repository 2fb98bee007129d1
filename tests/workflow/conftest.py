"""A fresh engine for every test."""

from collections.abc import Iterator

import pytest

from tests.workflow.engine import Clients, Engine, started_clients, started_engine


@pytest.fixture(scope="module")
def clients() -> Iterator[Clients]:
    """Not for longer than a module: a mock that outlives it keeps what others make in theirs."""
    with pytest.MonkeyPatch.context() as environment:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environment.setenv(name, "testing")
        environment.delenv("AWS_ENDPOINT_URL", raising=False)
        with started_clients() as started:
            yield started


@pytest.fixture
def engine(clients: Clients) -> Iterator[Engine]:
    with started_engine(clients) as started:
        yield started
