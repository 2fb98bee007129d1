"""Prompts that a language model writes from a scene, or a template where there is none."""

from shared.prompting.brief import Brief, PromptWriter, WrittenPrompt
from shared.prompting.once import written_once
from shared.prompting.template import Template

__all__ = ["Brief", "PromptWriter", "Template", "WrittenPrompt", "written_once"]
