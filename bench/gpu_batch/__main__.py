"""`python -m bench.gpu_batch`: see the package's docstring."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.gpu_batch.batch import Batch, dumped, read
from bench.gpu_batch.page import PAGE, cells, report, write
from bench.gpu_batch.run import run_batch
from gpu_functions.runner.device import CPU

CLIPS, DELIVERED = 10, (1024, 576)
MODEL, TOY_MODEL = "ltx-video-2b", "wan2.2-ti2v-5b"


def main() -> int:
    """Run batches, print, and perhaps keep and write."""
    options = command_line().parse_args()
    if options.read:
        batches = [
            replace(batch, note=options.note or batch.note)
            for path in options.read
            for batch in read(path)
        ]
    else:
        batches = _run_all(options)
    if options.keep:
        options.keep.write_text(dumped(batches), encoding="utf-8")
    print("\n".join(report(batches)))
    if options.write:
        write(batches)
    return 0


def command_line() -> argparse.ArgumentParser:
    """What may be asked for."""
    parser = argparse.ArgumentParser(description="A batch of clips through the worker.")
    parser.add_argument("--models", default="", help="ids, with commas between")
    parser.add_argument(
        "--gpus", default="", help="as the worker's; the first one there by default"
    )
    parser.add_argument(
        "--clips", type=int, default=CLIPS, help="on the clock, after one to warm up"
    )
    parser.add_argument("--steps", type=int, help="instead of the model's own")
    parser.add_argument("--guidance", type=float, help="instead of the model's own")
    parser.add_argument("--resolution", default="", help="a short side such as 576p")
    parser.add_argument("--delivered", default=DELIVERED, type=_size, help="such as 1024x576")
    parser.add_argument("--relative", default="", help="name in bench.gpu_sizes of a stand-in")
    parser.add_argument("--levers", default={}, type=json.loads, help="JSON, beside the recipe's")
    parser.add_argument("--note", default="", help="how the batch differs from the model's own")
    parser.add_argument(
        "--asleep", default=(), type=_seconds, help="generating and interpolating, such as 0.9,1.2"
    )
    parser.add_argument("--late", default=0.0, type=float, help="seconds of each HTTP answer")
    parser.add_argument("--keep", type=Path, help="write what was measured to this file")
    parser.add_argument("--read", type=Path, action="append", help="instead of running anything")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} and its pictures")
    return parser


def _seconds(text: str) -> tuple[float, float]:
    generating, interpolating = map(float, text.split(","))
    return generating, interpolating


def _run_all(options: argparse.Namespace) -> list[Batch]:
    gpus = options.gpus.split(",") if options.gpus else [CPU if options.asleep else _there()]
    options.gpu_class = _gpu_class(gpus)
    if CPU in gpus:
        os.environ.setdefault("OMP_NUM_THREADS", "1")
    toy = CPU in gpus and not options.asleep
    models = options.models or (TOY_MODEL if toy else MODEL)
    batches = []
    for model in models.split(","):
        batches.append(run_batch(model, gpus, options))
        sys.stderr.write(f"| {' | '.join(cells(batches[-1]))} |\n")
    return batches


def _there() -> str:
    """The first GPU of this machine, or its processor."""
    import torch  # noqa: PLC0415 - a rehearsal needs none

    return "0" if torch.cuda.is_available() else CPU


def _gpu_class(gpus: Sequence[str]) -> str:
    if CPU in gpus:
        return CPU
    from bench.gpu import gpu_class_of  # noqa: PLC0415

    return gpu_class_of("cuda")


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


if __name__ == "__main__":
    sys.exit(main())
