"""Keys and settings of providers, and the addresses at which the outside may reach us."""

from functools import cache
from urllib.parse import urlsplit

from lambdas.environment import environment
from lambdas.wiring import client
from shared.aws.secrets import ProviderSecrets

CALLBACK_SECRET = "CALLBACK_SECRET"  # noqa: S105 - the name of the setting


@cache
def provider_secrets() -> ProviderSecrets:
    return ProviderSecrets(client("secretsmanager"), environment().providers_secret)


def reachable(function_url: str) -> str:
    """A Function URL; on the embedded cloud by its path, since its host name is not real."""
    endpoint = environment().endpoint_url
    if not (function_url and endpoint):
        return function_url
    url_id = urlsplit(function_url).netloc.split(".")[0]
    return f"{endpoint}/_aws/lambda-url/{url_id}/"
