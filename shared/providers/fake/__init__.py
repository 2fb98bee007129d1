"""A server on this machine that behaves like the providers, their moods and their bills included.

It stands in for all vendors at once: `http://127.0.0.1:<port>/<provider>` is each one's base URL.
Tests talk to it in-process, `dropreel fake-provider` runs it by itself. It never talks to a vendor
and costs nothing.
"""

from shared.providers.fake.chaos import FAULTS, ChaosPlan
from shared.providers.fake.server import FakeProviders
from shared.providers.fake.world import World

__all__ = ["FAULTS", "ChaosPlan", "FakeProviders", "World"]
