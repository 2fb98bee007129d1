"""Is the line at your own box too long for one more clip?

SQS tells how many jobs wait, not how long they will. What a clip takes there only you know, so how
many may wait is a setting; without one it is what a box could do before the last of them is given
up (`shared.jobs.deadlines`), if each took a minute: beyond, waiting is in vain for certain.
"""

from collections.abc import Mapping

from shared.jobs.deadlines import OWN_GPUS

WORKER_LINE = "WORKER_LINE"
LEAST_CLIP_SEC = 60
LONGEST = int(OWN_GPUS["worker"].total_seconds()) // LEAST_CLIP_SEC


def longest_line(values: Mapping[str, str]) -> int:
    """How many jobs may wait in a worker's queue before new clips go elsewhere."""
    text = values.get(WORKER_LINE, "").strip()
    return int(text) if text.isdecimal() else LONGEST


def too_long(waiting: Mapping[str, int], longest: int) -> str:
    """Why no new job should be sent to the workers now; ``""`` where one may.

    Parameters
    ----------
    waiting : jobs in line by class of GPU; a class whose line is short keeps the workers open.
    """
    if not waiting or min(waiting.values()) <= longest:
        return ""
    lines = ", ".join(f"{count:,} for `{gpu}`" for gpu, count in sorted(waiting.items()))
    return f"jobs in line: {lines}; more than {longest:,} are too long to wait behind"
