"""Language models as they behave, for prompts: Bedrock's Converse, Anthropic and OpenAI.

They answer with a prompt made of the scene that they were sent, so a test sees it arrive. Moods
strike the next question: `down`, `throttled`, `empty`, `half`, `huge`, `slow`, `refusal`.
"""

import json
import threading
from collections import deque
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from shared.providers.call import reach
from shared.providers.fake.vendor import Reply, Request, Response, Wire

MOODS = ("down", "throttled", "empty", "half", "huge", "slow", "refusal")


class FakeLanguageModels:
    """`/anthropic`, `/openai` and `/bedrock` of the fake providers."""

    names = ("anthropic", "openai", "bedrock")

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self._moods: deque[str] = deque()
        self._lock = threading.Lock()

    def mood(self, name: str) -> None:
        """Let this strike the next question."""
        if name not in MOODS:
            raise ValueError(f"no such mood: {name}")
        self._moods.append(name)

    def answer(self, service: str, request: Request) -> Response:
        asks = {"anthropic": _anthropic, "openai": _openai, "bedrock": _bedrock}[service](request)
        if asks is None:
            return Reply(404, {"error": {"message": "no such path"}})
        if not _knows(service, request):
            return Reply(401, {"error": {"message": "invalid key"}})
        system, user, wrap = asks
        with self._lock:
            self.asked.append({"service": service, "system": system, "user": user})
            mood = self._moods.popleft() if self._moods else ""
        moods: dict[str, Response] = {
            "down": Reply(503, {"error": {"message": "overloaded"}}),
            "throttled": Reply(429, {"error": {"message": "slow down"}}),
            "half": Reply(200, b'{"content": [{"te'),
            "huge": Wire.HUGE,
            "slow": Wire.HANG,
            "empty": Reply(200, wrap("", "end_turn")),
            "refusal": Reply(200, wrap("", "refusal")),
        }
        return moods.get(mood) or Reply(200, wrap(written(user), "end_turn"))


Asks = tuple[str, str, Callable[[str, str], dict[str, Any]]]


def written(user: str) -> str:
    """What a fake model makes of a scene."""
    try:
        scene = str(json.loads(user).get("scene") or json.loads(user).get("story"))
    except (ValueError, AttributeError):
        scene = user
    return f"Prompt: {scene[:300]} Soft light moves over it, slowly and without haste."


def _knows(service: str, request: Request) -> bool:
    """Is there a key, in this service's way? Bedrock's is a signature, which is not looked into."""
    if service == "anthropic":
        return request.headers.get("x-api-key", "wrong") != "wrong"
    return bool(request.headers.get("authorization", "").partition(" ")[2].replace("wrong", ""))


def _anthropic(request: Request) -> Asks | None:
    if request.steps != ["v1", "messages"]:
        return None

    def wrap(text: str, stop: str) -> dict[str, Any]:
        content = [{"type": "text", "text": text}] if text else []
        return {"type": "message", "role": "assistant", "content": content, "stop_reason": stop}

    user = reach(request.document, "messages", 0, "content")
    return str(request.at("system")), str(user), wrap


def _openai(request: Request) -> Asks | None:
    if request.steps != ["v1", "chat", "completions"]:
        return None

    def wrap(text: str, stop: str) -> dict[str, Any]:
        finish = "content_filter" if stop == "refusal" else "stop"
        message = {"role": "assistant", "content": text}
        return {"choices": [{"index": 0, "message": message, "finish_reason": finish}]}

    texts = [str(request.at("messages", place, "content")) for place in (0, 1)]
    return texts[0], texts[1], wrap


def _bedrock(request: Request) -> Asks | None:
    steps = request.steps
    if len(steps) != 3 or steps[0] != "model" or unquote(steps[2]) != "converse":
        return None

    def wrap(text: str, stop: str) -> dict[str, Any]:
        content = [{"text": text}] if text else []
        reason = "content_filtered" if stop == "refusal" else stop
        return {
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": reason,
            "usage": {"inputTokens": 300, "outputTokens": 60, "totalTokens": 360},
            "metrics": {"latencyMs": 1},
        }

    user = request.at("messages", 0, "content", 0, "text")
    return str(request.at("system", 0, "text")), str(user), wrap
