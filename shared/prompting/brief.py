"""What a prompt is written from, what comes back, and who writes it."""

from typing import Protocol

from shared.clip import Document

TEMPLATE = "template"
CREATOR = "creator"

MAX_CHARS = 800
"""Longest prompt that is written; the shortest limit of a model that reads scenes is 2,000."""


class Brief(Document):
    """A scene in the creator's words, and the camera's move in ours."""

    scene: str = ""
    story: str = ""
    style: str = ""
    camera: str = ""


class WrittenPrompt(Document):
    """A prompt and who wrote it.

    `by` is `creator`, `template`, or the service of a language model; `note` says why a language
    model that should have written it did not.
    """

    text: str
    by: str
    model: str = ""
    note: str = ""


class PromptWriter(Protocol):
    """Writes prompts; whatever goes wrong, it answers, for a clip must not fail for want of style.

    `name` tells writers apart: another one may write another prompt from the same words.
    """

    @property
    def name(self) -> str: ...

    def write(self, brief: Brief) -> WrittenPrompt: ...
