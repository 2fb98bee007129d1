"""One embedded cloud with the whole system, for all tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.fake_provider import environment
from local_cloud.cloud import embedded_cloud
from shared.providers.fake import FakeProviders, World
from tests.cloud.town import Town, build_town

CHECKOUT = Path(__file__).parents[2]
WAIT_SCALE = 0.05
"""Factor on the state machine's waits and retry pauses."""


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """The external providers, as look-alikes to which the town's keys and addresses lead."""
    world = World(seconds_per_job=1.0, lines=144)
    with FakeProviders(world) as fake, pytest.MonkeyPatch.context() as patch:
        for line in environment(fake):
            patch.setenv(*line.split("=", 1))
        yield world


@pytest.fixture(scope="session")
def town(world: World) -> Iterator[Town]:
    with pytest.MonkeyPatch.context() as desk:  # from where the embedded cloud takes its secret
        desk.setenv("WORKER_GPUS", "rtx4090")
        with embedded_cloud(CHECKOUT, wait_scale=WAIT_SCALE) as deployment:
            yield build_town(deployment)
