"""How long ago this process was started: where the clock of a cold start begins."""

import os
import time
from pathlib import Path

IMPORTED = time.monotonic()
STAT = Path("/proc/self/stat")
START_TICKS = 19
"""Field 22 of proc(5), counted from the one after the command's name."""


def process_age() -> float:
    """Seconds since the system started this process; where it does not say, since our import."""
    try:
        fields = STAT.read_text().rpartition(")")[2].split()
        started = int(fields[START_TICKS]) / os.sysconf("SC_CLK_TCK")
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - started)
    except (OSError, ValueError, AttributeError, IndexError):
        return time.monotonic() - IMPORTED
