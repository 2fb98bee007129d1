"""Run every room of `tests/` in a process of its own, as many at a time as there are processors.

    python scripts/run_tests.py [ROOM …]

A room of its own keeps one room's memory, threads and clouds out of the next. It also keeps a
crash in native code (a codec, a BLAS) apart: a room whose process a signal ends is named with the
test that ran, and run once more, since a crash that comes again is a fault and one that does not
still has to be seen. A room with failed tests is never run again.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent / "tests"
LONGEST = ("cloud", "stacks", "gpu", "pipeline", "local_cloud", "providers")
"""Begun first, so that none of them is left alone at the end."""

_NOTHING_TO_RUN = 5  # pytest: no test was collected
_COUNTED = re.compile(r"(\d+) (passed|failed|error|skipped|xfailed|xpassed)")
_PASSED = re.compile(r" (PASSED|SKIPPED)\b.*\[ *\d+%\]$")


@dataclass
class Outcome:
    """What came of one room: pytest's counts by their word, its exit code, and what it printed."""

    room: str
    code: int
    seconds: float
    printed: str
    crashes: list[str] = field(default_factory=list)

    @property
    def counts(self) -> Counter[str]:
        last = self.printed.rstrip().rpartition("\n")[2]
        return Counter({word: int(number) for number, word in _COUNTED.findall(last)})

    @property
    def is_good(self) -> bool:
        return self.code in (0, _NOTHING_TO_RUN)


def rooms(tests: Path) -> list[str]:
    """Folders with tests, the longest first, and the files that lie outside of any."""
    named = sorted({path.parent.name for path in tests.glob("*/test_*.py")})
    loose = sorted(path.name for path in tests.glob("test_*.py"))
    first = [name for name in LONGEST if name in named]
    return [*first, *(name for name in named if name not in first), *loose]


def run_room(tests: Path, room: str) -> Outcome:
    """Run one room; once more where a signal ended it."""
    outcome = _run(tests, room)
    if outcome.code >= 0:
        return outcome
    crash = f"{signal.Signals(-outcome.code).name} in {_last_test(outcome.printed)}"
    again = _run(tests, room)
    again.printed = f"{outcome.printed}\n--- once more ---\n{again.printed}"
    again.seconds += outcome.seconds
    again.crashes = [crash]
    return again


def _run(tests: Path, room: str) -> Outcome:
    started = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-vv", "--color=no", f"{tests.name}/{room}"]
    with tempfile.TemporaryFile() as log:
        code = subprocess.run(  # noqa: S603 - our own arguments, and no shell
            command, cwd=tests.parent, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False
        ).returncode
        log.seek(0)
        printed = log.read().decode(errors="replace")
    return Outcome(room, code, time.monotonic() - started, printed)


def _last_test(printed: str) -> str:
    """The test that was begun and not ended, as `pytest -v` prints it."""
    begun = [line for line in printed.splitlines() if ".py::" in line]
    return begun[-1].split(" ")[0] if begun else "the collection"


def main(names: Sequence[str], tests: Path = TESTS) -> int:
    asked = list(names) or rooms(tests)
    unknown = [name for name in asked if not (tests / name).exists()]
    if unknown:
        print(
            f"tests/ has no {', '.join(unknown)}. Rooms: {' '.join(rooms(tests))}", file=sys.stderr
        )
        return 2
    bad, crashes, total = [], [], Counter[str]()
    started = time.monotonic()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in as_completed([pool.submit(run_room, tests, room) for room in asked]):
            outcome = done.result()
            said = ", ".join(f"{number} {word}" for word, number in outcome.counts.items())
            time_taken = f"({outcome.seconds:.0f} s)"
            print(f"tests/{outcome.room}: {said or 'nothing'} {time_taken}", flush=True)
            total += outcome.counts
            crashes += outcome.crashes
            if not outcome.is_good:
                bad.append(outcome)
    for outcome in bad:
        print(f"\n===== tests/{outcome.room}, exit code {outcome.code}\n")
        print("\n".join(line for line in outcome.printed.splitlines() if not _PASSED.search(line)))
    for crash in crashes:
        print(f"The process was ended by {crash}; the room was run once more.")
    failed = total["failed"] + total["error"]
    print(f"all in {time.monotonic() - started:.0f} s")
    print(f"{total['passed']} passed, {failed} failed, {total['skipped']} skipped")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
