"""The catalogue's engines and the providers behind them."""

from collections.abc import Mapping

from shared.providers.provider import Provider
from shared.providers.registry import ADAPTERS, open_provider

API = "api:"
ADAPTER_OF = {"google": "google_veo", "luma": "luma_agents"}
"""Where the catalogue's word for a provider is not the adapter's."""


def provider_for(engine_or_provider: str, values: Mapping[str, str]) -> Provider:
    """The provider of `api:<name>`, with the settings among `values`."""
    name = engine_or_provider.removeprefix(API)
    return open_provider(ADAPTER_OF.get(name, name), values)


def provider_needs(values: Mapping[str, str], engine: str) -> str:
    """Keys and settings that `api:<name>` still needs; empty where it has all, or no adapter."""
    name = engine.removeprefix(API)
    name = ADAPTER_OF.get(name, name)
    if not engine.startswith(API) or name not in ADAPTERS:
        return ""
    missing = open_provider(name, values).missing
    return f"{' and '.join(missing)}, docs/providers.md" if missing else ""


def usable_engines(values: Mapping[str, str]) -> frozenset[str]:
    """The engines whose keys and settings are among `values`."""
    names = {adapter: word for word, adapter in ADAPTER_OF.items()}
    return frozenset(
        f"{API}{names.get(name, name)}"
        for name in ADAPTERS
        if not open_provider(name, values).missing
    )
