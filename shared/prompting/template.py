"""The prompt without a language model: the creator's own words, in a fixed order."""

from shared.prompting.brief import MAX_CHARS, TEMPLATE, Brief, WrittenPrompt
from shared.prompting.wording import shortened, tidy

STORY_SHARE = 3
"""Of a prompt that is too long the story gives way first, but keeps one part in this many."""


class Template:
    """Deterministic: the same words always make the same prompt."""

    name = TEMPLATE

    def write(self, brief: Brief) -> WrittenPrompt:
        return WrittenPrompt(text=filled(brief), by=TEMPLATE)


def filled(brief: Brief) -> str:
    """Scene, style and story as sentences, at most `MAX_CHARS` long; what is seen comes first."""
    style = f"Style: {tidy(brief.style)}" if tidy(brief.style) else ""
    scene = shortened(_sentence(tidy(brief.scene)), MAX_CHARS)
    style = shortened(_sentence(style), MAX_CHARS // STORY_SHARE)
    left = MAX_CHARS - len(scene) - len(style) - 2
    story = shortened(_sentence(tidy(brief.story)), max(left, MAX_CHARS // STORY_SHARE))
    parts = (part for part in (scene, story, style) if part)
    return shortened(" ".join(parts), MAX_CHARS)


def _sentence(text: str) -> str:
    return text if not text or text[-1] in ".!?…" else f"{text}."
