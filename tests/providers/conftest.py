"""The fake providers on a real socket, and providers that talk to them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from shared.providers import Provider, ProviderSettings, find_adapter
from shared.providers.fake import FakeProviders, World
from tests.providers.cases import CASES

Open = Callable[..., Provider]


@pytest.fixture
def world() -> World:
    """Jobs end at once, and are one small clip."""
    return World(seconds_per_job=0.0, lines=64)


@pytest.fixture
def fake(world: World) -> Iterator[FakeProviders]:
    with FakeProviders(world) as server:
        yield server


@pytest.fixture
def open_fake(fake: FakeProviders) -> Open:
    """Opens a provider on the fake server, with its key unless another is given."""

    def open_provider(name: str, **changes: Any) -> Provider:
        settings = ProviderSettings(
            base_url=fake.base_url(name),
            secrets=CASES[name].secrets,
            values=CASES[name].settings,
            call_deadline_sec=20.0,
            max_result_bytes=8_000_000,
        )
        return Provider(find_adapter(name), replace(settings, **changes))

    return open_provider
