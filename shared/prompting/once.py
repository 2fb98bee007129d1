"""One prompt for the same words, for good: kept by content, first come, first kept.

A clip's key is made of its prompt among other things, and a language model rarely says the same
twice. So what was written once is used by every retry, redrive and redrop; also where it was the
template that wrote it because nobody else could be asked.
"""

import hashlib
import json

from shared.clip import ObjectRef
from shared.ports import ObjectStore, PreconditionFailed
from shared.prompting.brief import Brief, PromptWriter, WrittenPrompt
from shared.prompting.instruct import RULES


def written_once(
    objects: ObjectStore, bucket: str, writer: PromptWriter, brief: Brief
) -> WrittenPrompt:
    """The prompt that `writer` writes from `brief`, or wrote before."""
    key = prompt_key(writer.name, brief)
    kept = _kept(objects, bucket, key)
    if kept is not None:
        return kept
    written = writer.write(brief)
    try:
        objects.write(
            bucket,
            key,
            written.model_dump_json().encode(),
            content_type="application/json",
            if_absent=True,
        )
    except PreconditionFailed:  # somebody else wrote one at the same moment: theirs counts
        return _kept(objects, bucket, key) or written
    return written


def prompt_key(writer: str, brief: Brief) -> str:
    """Where a prompt is kept: named by everything that it depends on."""
    content = json.dumps([writer, RULES, brief.model_dump()], sort_keys=True)
    return f"prompts/{hashlib.sha256(content.encode()).hexdigest()[:40]}.json"


def _kept(objects: ObjectStore, bucket: str, key: str) -> WrittenPrompt | None:
    try:
        data = objects.read(ObjectRef(bucket=bucket, key=key))
    except FileNotFoundError:
        return None
    return WrittenPrompt.model_validate_json(data)
