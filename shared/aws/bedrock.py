"""A language model on Amazon Bedrock, asked once through Converse."""

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from shared.prompting.asking import LanguageModel, NotHeard
from shared.prompting.brief import Brief
from shared.prompting.choice import BEDROCK
from shared.prompting.services import TIMEOUT_SEC, ConverseCall

ONCE = Config(
    connect_timeout=5,
    read_timeout=TIMEOUT_SEC,
    retries={"mode": "standard", "total_max_attempts": 1},
)


def bedrock_model(model: str, *, endpoint_url: str = "", region: str = "") -> LanguageModel:
    """The writer for a model's id or inference profile.

    Parameters
    ----------
    endpoint_url : instead of Bedrock's own; for a server on this machine.
    """
    converse = ConverseCall(model)

    def ask(brief: Brief) -> str:
        try:
            client: Any = boto3.client(
                "bedrock-runtime",
                config=ONCE,
                endpoint_url=endpoint_url or None,
                region_name=region or None,
            )
            return converse.text(client.converse(**converse.arguments(brief)))
        except ClientError as error:
            said = error.response.get("Error", {})
            raise NotHeard(f"{said.get('Code', '')} {said.get('Message', '')}".strip()) from error
        except (BotoCoreError, ValueError) as error:
            raise NotHeard(f"{type(error).__name__}: {error}") from error

    return LanguageModel(BEDROCK, model, ask)
