"""Keys and settings of providers: from the environment and `.env` into the embedded cloud.

A deployed system reads one secret that ops made; here it is made of what lies on the desk.
"""

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from local_cloud.sessions import CloudSession
from shared.gpu_jobs.engines import CALLBACK_SECRET, SETTINGS
from shared.prompting.choice import BEDROCK_URL_SETTING, MODEL_SETTING, WRITER_SETTING
from shared.prompting.services import SERVICES
from shared.providers.registry import ADAPTERS

SECRET = "dropreel/providers"  # noqa: S105 - its name


def keep_keys(session: CloudSession, project: Path) -> tuple[str, ...]:
    """Make the secret; returns the names of the settings that it holds, never their values."""
    values = desk_settings(project)
    session.client("secretsmanager").create_secret(Name=SECRET, SecretString=json.dumps(values))
    return tuple(sorted(values))


def desk_settings(project: Path) -> dict[str, str]:
    """What a cloud that starts now is given: `.env`, the environment over it, and a secret."""
    values = provider_settings({**read_dotenv(project / ".env"), **os.environ})
    return {**values, CALLBACK_SECRET: secrets.token_urlsafe(32)}


def provider_settings(values: Mapping[str, str]) -> dict[str, str]:
    """Those of `values` that providers, GPUs of ours and language models know by name."""
    names: set[str] = set(SETTINGS)
    prefixes: list[str] = []
    names.update((WRITER_SETTING, MODEL_SETTING, BEDROCK_URL_SETTING))
    for service in SERVICES.values():
        names.update((*service.declaration.auth.names, service.declaration.base_url_setting))
    for name, adapter in ADAPTERS.items():
        declaration = adapter.declaration
        names.update((*declaration.auth.names, declaration.base_url_setting))
        names.update(declaration.settings)
        prefixes.append(f"{name.upper()}_")
    return {
        name: value
        for name, value in values.items()
        if value and (name in names or name.startswith(tuple(prefixes)))
    }


def read_dotenv(path: Path) -> dict[str, str]:
    """`NAME=value` lines; comments and quotes as everybody writes them."""
    if not path.is_file():
        return {}
    found: dict[str, str] = {}
    for line in path.read_text("utf-8").splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and name.strip() and not name.startswith("#"):
            found[name.strip()] = value.strip().strip("'\"")
    return found
