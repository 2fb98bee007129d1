"""How long weights take from files to their device: diffusers' ways against ours, taking turns.

    python -m bench.gpu_load                    # a checkpoint of some GB with random weights
    python -m bench.gpu_load --model wan2.2-i2v-a14b --repeats 1 --keep FILE.json
    python -m bench.gpu_load --write            # …and write docs/benchmarks/gpu-load.md

The checkpoint is a denoiser of real size, in shards as a hub has them: LTX-Video's of 2 billion
weights by default, or one of `bench.gpu_sizes` (one expert of A14B: 28 GB, and as much room on the
disk). Each turn is a process of its own. *Cold*: the files were put out of the page cache before
(`posix_fadvise`), and how much of them was still there is told; *warm*: they are in it. On a
processor a model counts as loaded when every page of its weights was touched, for diffusers leaves
them in the mapped file.
"""

import argparse
import ctypes
import json
import math
import mmap
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from gpu_functions.runner.device import CPU
from gpu_functions.runner.started import process_age

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks" / "gpu-load.md"
COMMAND = "python -m bench.gpu_load"
THEIRS = "diffusers"
WAYS = (THEIRS, "diffusers, in parallel", "ours")
STATES = ("cold", "warm")
SMALLEST, SHARD, PART = "ltx-video-2b", "1GB", "transformer"
GB, HUNDRED = 1e9, 100


@dataclass(frozen=True)
class Turn:
    """One loading, in a process of its own.

    Attributes
    ----------
    imports_sec : from the start of the process until its libraries were there.
    cached : share of the files that lay in the page cache before.
    """

    way: str
    state: str
    imports_sec: float
    load_sec: float
    cached: float


def build(folder: Path, model: str, layers: int | None, device: str) -> float:
    """Write the checkpoint, its weights drawn on the device; its size in GB."""
    import torch  # noqa: PLC0415 - the parent never needs it otherwise

    from bench.gpu_sizes import REAL, build_part  # noqa: PLC0415
    from gpu_functions.generators.faults import give_back  # noqa: PLC0415

    kind, config = REAL[model].parts[PART]
    config = {**config, **({"num_layers": layers} if layers else {})}
    made = build_part(kind, config, device, torch.bfloat16)
    made.save_pretrained(str(folder), max_shard_size=SHARD)
    del made
    give_back()
    return sum(file.stat().st_size for file in _files(folder)) / GB


def turn(folder: Path, way: str, device: str, threads: int) -> tuple[float, float]:
    """Seconds of the libraries, and of one loading after them, in this process."""
    import diffusers  # noqa: PLC0415
    import torch  # noqa: PLC0415

    from gpu_functions.weights.straight import load_straight  # noqa: PLC0415

    kind = getattr(diffusers, json.loads((folder / "config.json").read_bytes())["_class_name"])
    if device != CPU:
        torch.zeros(1, device=device)
    imports = process_age()
    began = time.perf_counter()
    if way == "ours":
        model = load_straight(kind, folder, torch.bfloat16, device, threads)
    elif way == THEIRS:
        model = kind.from_pretrained(str(folder), torch_dtype=torch.bfloat16).to(device)
    else:
        model = kind.from_pretrained(str(folder), torch_dtype=torch.bfloat16, device_map=device)
    if device == CPU:
        for values in model.parameters():
            values.detach().reshape(-1).view(torch.uint8)[:: mmap.PAGESIZE].sum()
    else:
        torch.cuda.synchronize()
    return imports, time.perf_counter() - began


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.safetensors"))


def forget(folder: Path) -> None:
    """Put the files out of the page cache."""
    for file in _files(folder):
        handle = os.open(file, os.O_RDONLY)
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)


def cached_share(files: Sequence[Path]) -> float:
    """The share of the files' pages that lie in the page cache, by `mincore`."""
    kernel = ctypes.CDLL(None, use_errno=True)
    pages = there = 0
    for file in files:
        with file.open("r+b") as stream, mmap.mmap(stream.fileno(), 0) as mapped:
            count = -(-len(mapped) // mmap.PAGESIZE)
            seen = (ctypes.c_ubyte * count)()
            start = ctypes.addressof(ctypes.c_char.from_buffer(mapped))
            if kernel.mincore(ctypes.c_void_p(start), ctypes.c_size_t(len(mapped)), seen):
                raise OSError(ctypes.get_errno(), "mincore")
            pages, there = pages + count, there + sum(each & 1 for each in bytes(seen))
    return there / max(1, pages)


def measure(folder: Path, options: argparse.Namespace) -> Iterator[Turn]:
    """All turns, in their order; a way that fails is told and left out."""
    for state in STATES:
        for _ in range(options.repeats):
            for way in WAYS:
                if state == "cold":
                    forget(folder)
                cached = cached_share(_files(folder))
                words = ["--turn", way, "--folder", str(folder), "--device", options.device]
                command = [sys.executable, "-m", "bench.gpu_load", *words]
                command += ["--threads", str(options.threads)]
                switched = {"HF_ENABLE_PARALLEL_LOADING": "yes" if way == WAYS[1] else "no"}
                done = subprocess.run(  # noqa: S603
                    command, capture_output=True, text=True, check=False, env=os.environ | switched
                )
                if done.returncode:
                    sys.stderr.write(f"{way} {state}: {done.stderr[-500:]}\n")
                    continue
                imports, load = map(float, done.stdout.split()[-2:])
                sys.stderr.write(f"{way} {state}: {load:.2f} s, {cached:.0%} cached before\n")
                yield Turn(way, state, imports, load, cached)


def report(
    found: Sequence[Turn], size: float, options: argparse.Namespace, device: str
) -> Iterator[str]:
    yield "# Loading weights\n"
    yield f"    {COMMAND} --write\n"
    yield f"The denoiser of {options.model} with random weights, {size:.1f} GB in bfloat16, shards"
    yield f"of {SHARD}; {options.repeats} turns each, a process a turn, medians. *diffusers, in"
    yield "parallel*: its own `device_map` and `HF_ENABLE_PARALLEL_LOADING`. *ours*:"
    yield f"`load_straight` with {options.threads} threads. *cold*: the files were put out of the"
    yield "page cache before; *cached*: the share of them that was there when a turn began.\n"
    yield "| files | way | imports, s | load, s | diffusers / it | GB/s | cached |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    for state in STATES:
        stock = _middle(found, THEIRS, state, "load_sec")
        for way in dict.fromkeys(each.way for each in found if each.state == state):
            load = _middle(found, way, state, "load_sec")
            cells = [f"{_middle(found, way, state, 'imports_sec'):.1f}", f"{load:.2f}"]
            cells += [f"{stock / load:.2f}", f"{size / load:.2f}"]
            cells += [f"{_middle(found, way, state, 'cached'):.0%}"]
            yield f"| {state} | {way} | {' | '.join(cells)} |"
    if options.device == CPU:
        yield "\nOn a processor nothing goes over a bus, and all leave weights in the mapped file:"
        yield "the ratio says nothing about a GPU, which is what ours is for."
    libraries = ", ".join(f"{name} {version(name)}" for name in ("torch", "diffusers"))
    day, cores = f"{datetime.now(UTC):%Y-%m-%d}", os.cpu_count()
    yield f"\nMeasured {day} on {device}, {cores} cores, {libraries}."


def _middle(found: Sequence[Turn], way: str, state: str, fact: str) -> float:
    facts = [getattr(each, fact) for each in found if (each.way, each.state) == (way, state)]
    return statistics.median(facts) if facts else math.nan


def main() -> int:
    """Measure, print, and perhaps write."""
    options = command_line().parse_args()
    if options.turn:
        print(*turn(options.folder, options.turn, options.device, options.threads))
        return 0
    import torch  # noqa: PLC0415

    options.device = options.device or ("cuda" if torch.cuda.is_available() else CPU)
    began = time.monotonic()
    here = f"a processor ({platform.machine()})"
    device = here if options.device == CPU else torch.cuda.get_device_name()
    found: list[Turn] = []
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="dropreel-load-") as name:
        size = build(Path(name), options.model, options.layers, options.device)
        sys.stderr.write(f"{size:.1f} GB written in {time.monotonic() - began:.0f} s\n")
        for each in measure(Path(name), options):
            found.append(each)
            if options.keep:  # a run that is cut short keeps what it has
                facts = {"model": options.model, "gb": size, "device": device}
                turns = [asdict(turn) for turn in found]
                options.keep.write_text(json.dumps({**facts, "turns": turns}, indent=1) + "\n")
    text = "\n".join(report(found, size, options, device)) + "\n"
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
    return 0


def command_line() -> argparse.ArgumentParser:
    """What may be asked for."""
    parser = argparse.ArgumentParser(description="Loading weights.")
    parser.add_argument("--model", default=SMALLEST, help="one of bench.gpu_sizes")
    parser.add_argument("--layers", type=int, help="instead of the model's own")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=6)
    parser.add_argument("--device", default="")
    parser.add_argument("--folder", type=Path, help="for the checkpoint, which is some GB")
    parser.add_argument("--turn", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--keep", type=Path, help="write every turn's seconds to this file")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
