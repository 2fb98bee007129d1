"""How long weights take from files to their device: diffusers' way against ours, taking turns.

    python -m bench.gpu_load                    # a checkpoint of some GB with random weights
    python -m bench.gpu_load --write            # …and write docs/benchmarks/gpu-load.md

The checkpoint is LTX-Video's denoiser at a real size (2 billion weights by default), in shards as a
hub has them. Each turn is a process of its own. *Cold*: the files were put out of the page cache
before (`posix_fadvise`); *warm*: they are in it. On a processor a model counts as loaded when every
page of its weights was touched, for diffusers leaves them in the mapped file.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks" / "gpu-load.md"
COMMAND = "python -m bench.gpu_load"
WAYS = ("diffusers", "ours")
KIND, SHARD = "LTXVideoTransformer3DModel", "1GB"
LAYERS = 28
"""Of LTX-Video 2B: 1.9 billion weights."""

PAGE_BYTES = 4096
GB = 1e9


def build(folder: Path, layers: int) -> float:
    """Write the checkpoint; its size in GB."""
    import diffusers  # noqa: PLC0415 - the parent never needs it otherwise
    import torch  # noqa: PLC0415

    torch.set_default_dtype(torch.bfloat16)
    model = getattr(diffusers, KIND)(num_layers=layers)
    torch.set_default_dtype(torch.float32)
    model.save_pretrained(str(folder), max_shard_size=SHARD)
    return sum(file.stat().st_size for file in folder.glob("*.safetensors")) / GB


def turn(folder: Path, way: str, device: str, threads: int) -> float:
    """Seconds of one loading, in this process; libraries are imported before."""
    import diffusers  # noqa: PLC0415
    import torch  # noqa: PLC0415

    from gpu_functions.weights.straight import load_straight  # noqa: PLC0415

    kind = getattr(diffusers, KIND)
    if device != "cpu":
        torch.zeros(1, device=device)
    began = time.perf_counter()
    if way == "ours":
        model = load_straight(kind, folder, torch.bfloat16, device, threads)
    else:
        model = kind.from_pretrained(str(folder), torch_dtype=torch.bfloat16).to(device)
    if device == "cpu":
        for values in model.parameters():
            values.detach().reshape(-1).view(torch.uint8)[::PAGE_BYTES].sum()
    else:
        torch.cuda.synchronize()
    return time.perf_counter() - began


def forget(folder: Path) -> None:
    """Put the files out of the page cache."""
    for file in folder.glob("*.safetensors"):
        handle = os.open(file, os.O_RDONLY)
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)


def measure(folder: Path, options: argparse.Namespace) -> dict[str, list[float]]:
    """Seconds by way and state, in the order of the turns."""
    found: dict[str, list[float]] = {f"{way} {state}": [] for state in STATES for way in WAYS}
    for state in STATES:
        for _ in range(options.repeats):
            for way in WAYS:
                if state == "cold":
                    forget(folder)
                words = ["--turn", way, "--folder", str(folder), "--device", options.device]
                command = [sys.executable, "-m", "bench.gpu_load", *words]
                command += ["--threads", str(options.threads)]
                done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
                found[f"{way} {state}"].append(float(done.stdout.split()[-1]))
                sys.stderr.write(f"{way} {state}: {found[f'{way} {state}'][-1]:.2f} s\n")
    return found


STATES = ("cold", "warm")


def report(
    found: Mapping[str, Sequence[float]], size: float, options: argparse.Namespace, device: str
) -> Iterator[str]:
    yield "# Loading weights\n"
    yield f"    {COMMAND} --write\n"
    yield f"LTX-Video's denoiser with random weights, {size:.1f} GB in bfloat16, shards of {SHARD};"
    yield f"{options.repeats} turns each, a process a turn, medians. *ours*: `load_straight` with"
    yield f"{options.threads} threads. *cold*: the files were put out of the page cache before.\n"
    yield "| files | diffusers, s | ours, s | diffusers / ours | ours, GB/s |"
    yield "|---|---:|---:|---:|---:|"
    for state in STATES:
        theirs, ours = (statistics.median(found[f"{way} {state}"]) for way in WAYS)
        cells = (f"{theirs:.2f}", f"{ours:.2f}", f"{theirs / ours:.2f}", f"{size / ours:.2f}")
        yield f"| {state} | {' | '.join(cells)} |"
    if options.device == "cpu":
        yield "\nOn a processor nothing goes over a bus, and both leave weights in the mapped file:"
        yield "the ratio says nothing about a GPU, which is what ours is for."
    libraries = ", ".join(f"{name} {version(name)}" for name in ("torch", "diffusers"))
    day, cores = f"{datetime.now(UTC):%Y-%m-%d}", os.cpu_count()
    yield f"\nMeasured {day} on {device}, {cores} cores, {libraries}."


def main() -> int:
    """Measure, print, and perhaps write."""
    parser = argparse.ArgumentParser(description="Loading weights.")
    parser.add_argument("--layers", type=int, default=LAYERS)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=6)
    parser.add_argument("--device", default="")
    parser.add_argument("--folder", type=Path, help="for the checkpoint, which is some GB")
    parser.add_argument("--turn", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--keep", type=Path, help="write every turn's seconds to this file")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    options = parser.parse_args()
    if options.turn:
        print(turn(options.folder, options.turn, options.device, options.threads))
        return 0
    import torch  # noqa: PLC0415

    options.device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="dropreel-load-") as name:
        size = build(Path(name), options.layers)
        found = measure(Path(name), options)
    here = f"a processor ({platform.machine()})"
    device = here if options.device == "cpu" else torch.cuda.get_device_name()
    if options.keep:
        kept: dict[str, Any] = {"seconds": found, "gb": size, "device": device}
        options.keep.write_text(json.dumps(kept), encoding="utf-8")
    text = "\n".join(report(found, size, options, device)) + "\n"
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
