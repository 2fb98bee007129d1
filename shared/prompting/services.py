"""Language models behind an HTTP API: how each is asked, and where its answer stands.

https://docs.anthropic.com/en/api/messages and
https://platform.openai.com/docs/api-reference/chat/create
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from shared.prompting.brief import Brief
from shared.prompting.instruct import MAX_TOKENS, RULES, material
from shared.providers.auth import Auth, bearer
from shared.providers.call import KIB, Answer, Call, reach
from shared.providers.contract import Declaration, RateHint

TIMEOUT_SEC = 20.0
MAX_BYTES = 256 * KIB

_NO_RATE = RateHint(concurrent=8, per_minute=50)


class LanguageService(ABC):
    """One API: pure functions from a brief to a call, and from the answer to a text."""

    declaration: ClassVar[Declaration]
    default_model: ClassVar[str]
    path: ClassVar[str]

    def call(self, base_url: str, model: str, brief: Brief) -> Call:
        """The one call that asks for a prompt."""
        return Call(
            method="POST",
            url=f"{base_url}{self.path}",
            headers=self.headers,
            json=self.body(model, brief),
            timeout_sec=TIMEOUT_SEC,
            max_bytes=MAX_BYTES,
        )

    @property
    def headers(self) -> Mapping[str, str]:
        return {}

    @abstractmethod
    def body(self, model: str, brief: Brief) -> dict[str, Any]: ...

    @abstractmethod
    def text(self, answer: Answer) -> str:
        """What the model said; empty when it said nothing, or was stopped half way."""


class Anthropic(LanguageService):
    declaration = Declaration(
        name="anthropic",
        base_url="https://api.anthropic.com",
        auth=Auth(
            (("ANTHROPIC_API_KEY",),),
            lambda secrets, _now: {"x-api-key": secrets["ANTHROPIC_API_KEY"]},
            "x-api-key",
        ),
        transports=(),
        result_hosts=(),
        rate=_NO_RATE,
    )
    default_model = "claude-haiku-5-5"
    path = "/v1/messages"

    @property
    def headers(self) -> Mapping[str, str]:
        return {"anthropic-version": "2023-06-01"}

    def body(self, model: str, brief: Brief) -> dict[str, Any]:
        return {
            "model": model,
            "max_tokens": MAX_TOKENS,
            # no temperature: newer models answer 400 to any but their own
            "system": RULES,
            "messages": [{"role": "user", "content": material(brief)}],
        }

    def text(self, answer: Answer) -> str:
        if answer.at("stop_reason") == "refusal":
            return ""
        return _joined(answer.at("content"))


class OpenAI(LanguageService):
    declaration = Declaration(
        name="openai",
        base_url="https://api.openai.com",
        auth=bearer("OPENAI_API_KEY"),
        transports=(),
        result_hosts=(),
        rate=_NO_RATE,
    )
    default_model = "gpt-5.6-luna"
    path = "/v1/chat/completions"

    def body(self, model: str, brief: Brief) -> dict[str, Any]:
        return {
            "model": model,
            "max_completion_tokens": MAX_TOKENS,
            "messages": [
                {"role": "system", "content": RULES},
                {"role": "user", "content": material(brief)},
            ],
        }

    def text(self, answer: Answer) -> str:
        if answer.at("choices", 0, "finish_reason") == "content_filter":
            return ""
        return answer.text_at("choices", 0, "message", "content")


SERVICES: dict[str, LanguageService] = {
    each.declaration.name: each for each in (Anthropic(), OpenAI())
}


@dataclass(frozen=True)
class ConverseCall:
    """Amazon Bedrock's Converse, as keyword arguments of the client."""

    model: str

    def arguments(self, brief: Brief) -> dict[str, Any]:
        return {
            "modelId": self.model,
            "system": [{"text": RULES}],
            "messages": [{"role": "user", "content": [{"text": material(brief)}]}],
            "inferenceConfig": {"maxTokens": MAX_TOKENS, "temperature": 0.0},
        }

    @staticmethod
    def text(answer: Mapping[str, Any]) -> str:
        if answer.get("stopReason") in ("guardrail_intervened", "content_filtered"):
            return ""
        return _joined(reach(dict(answer), "output", "message", "content"))


def _joined(parts: object) -> str:
    """The texts of a list of content blocks."""
    blocks = parts if isinstance(parts, list) else []
    texts = (block.get("text") for block in blocks if isinstance(block, dict))
    return " ".join(text for text in texts if isinstance(text, str))
