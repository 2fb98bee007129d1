"""External providers: one adapter each, one client for all, and what becomes of their answers."""

from shared.providers.contract import (
    Adapter,
    Declaration,
    JobContext,
    JobRef,
    ProviderNotConfigured,
    ProviderRetired,
    RequestNotPossible,
)
from shared.providers.provider import Provider, ProviderSettings
from shared.providers.registry import ADAPTERS, find_adapter, open_provider

__all__ = [
    "ADAPTERS",
    "Adapter",
    "Declaration",
    "JobContext",
    "JobRef",
    "Provider",
    "ProviderNotConfigured",
    "ProviderRetired",
    "ProviderSettings",
    "RequestNotPossible",
    "find_adapter",
    "open_provider",
]
