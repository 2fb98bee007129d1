"""How much of the machine's memory can still be had: who takes more is killed and tells nobody."""

from pathlib import Path

KIB, GIB = 1024, 1024**3


def free_bytes(root: Path = Path("/")) -> int | None:
    """Of the machine, or of the container that we are in if that is less; None where none says."""
    told = [each for each in (_of_machine(root), _of_container(root)) if each is not None]
    return min(told, default=None)


def _of_machine(root: Path) -> int | None:
    kib = _numbers(root / "proc/meminfo").get("MemAvailable")
    return None if kib is None else kib * KIB


def _of_container(root: Path) -> int | None:
    """By version 2 of Linux' control groups; files that it only holds to read again are free."""
    group = root / "sys/fs/cgroup"
    try:
        most, now = (int((group / name).read_text()) for name in ("memory.max", "memory.current"))
    except (OSError, ValueError):  # there is none, or it may take all
        return None
    return most - now + _numbers(group / "memory.stat").get("inactive_file", 0)


def _numbers(file: Path) -> dict[str, int]:
    try:
        lines = [line.split() for line in file.read_text().splitlines()]
    except OSError:
        return {}
    return {
        words[0].rstrip(":"): int(words[1])
        for words in lines
        if len(words) > 1 and words[1].isdigit()
    }
