"""Keys and settings of providers: one JSON secret that ops make by hand.

It is made by hand, and not by the stack, because a secret costs money even when nobody uses it.
"""

import json
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    Client = Any

FRESH_SEC = 300.0


class ProviderSecrets:
    """The secret's names and values, read again every five minutes; empty where there is none."""

    def __init__(self, client: "Client", name: str) -> None:
        self._client = client
        self._name = name
        self._values: dict[str, str] = {}
        self._read_at: float | None = None

    def values(self) -> dict[str, str]:
        now = time.monotonic()
        if self._read_at is None or now - self._read_at > FRESH_SEC:
            self._values, self._read_at = self._read(), now
        return self._values

    def _read(self) -> dict[str, str]:
        if not self._name:
            return {}
        try:
            text = self._client.get_secret_value(SecretId=self._name)["SecretString"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return {}
            raise
        document = json.loads(text)
        return {str(name): str(value) for name, value in document.items()}
