"""Every provider by its name. A new one is an adapter module and a line here."""

from collections.abc import Mapping

from shared.nearest import did_you_mean
from shared.providers.adapters.fal import Fal
from shared.providers.adapters.google_veo import GeminiVeo, GoogleVeo
from shared.providers.adapters.kling import Kling
from shared.providers.adapters.luma_agents import LumaAgents
from shared.providers.adapters.minimax import MiniMax
from shared.providers.adapters.replicate import Replicate
from shared.providers.adapters.runway import Runway
from shared.providers.adapters.wavespeed import WaveSpeed
from shared.providers.contract import Adapter, ProviderNotConfigured, ProviderRetired
from shared.providers.provider import Provider, settings_from
from shared.providers.unavailable import UNAVAILABLE

ADAPTERS: dict[str, Adapter] = {
    adapter.declaration.name: adapter
    for adapter in (
        WaveSpeed(),
        Replicate(),
        Fal(),
        Runway(),
        GoogleVeo(),
        GeminiVeo(),
        LumaAgents(),
        Kling(),
        MiniMax(),
    )
}


def find_adapter(name: str) -> Adapter:
    """The adapter of that name.

    Raises
    ------
    ProviderRetired : there was or is such a provider, and it cannot be used.
    ProviderNotConfigured : there is no such provider.
    """
    if name in ADAPTERS:
        return ADAPTERS[name]
    if name in UNAVAILABLE:
        gone = UNAVAILABLE[name]
        raise ProviderRetired(f"{name}: {gone.reason} Instead: {gone.instead}.")
    guess = did_you_mean(name, ADAPTERS)
    raise ProviderNotConfigured(f"There is no provider `{name}`. {guess}".strip())


def open_provider(name: str, values: Mapping[str, str] | None = None) -> Provider:
    """The provider with the settings among `values` (by default the environment).

    Raises
    ------
    ProviderRetired, ProviderNotConfigured
    """
    adapter = find_adapter(name)
    return Provider(adapter, settings_from(adapter.declaration, values))
