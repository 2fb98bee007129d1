"""`python -m bench.gpu_speed`: see the package's docstring and docs/gpu-speed.md."""

import argparse
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch

from bench.gpu_clock import measured_limits
from bench.gpu_speed.between import nets_between
from bench.gpu_speed.book import Book
from bench.gpu_speed.plan import PLAYS
from bench.gpu_speed.play import PARTS, play
from bench.gpu_speed.prompts import text_encoders
from gpu_functions.generators.faults import give_back
from gpu_functions.runner.device import CPU

JSON_FILE = Path(__file__).parents[2] / "docs" / "benchmarks" / "gpu-speed.json"
OTHERS = ("limits", "text", "rife")
"""What stands among the models and is none."""

MOST_COMPILED = 128


def main() -> int:
    """Measure, and write what was measured."""
    options = command_line().parse_args()
    until = time.monotonic() + 60 * options.minutes
    if options.device == CPU:
        torch.set_num_threads(1)
    torch._dynamo.config.recompile_limit = MOST_COMPILED
    book = Book(JSON_FILE if options.write else options.out, options.device)

    def limits() -> None:
        book.put("limits", "machine", asdict(measured_limits(options.device)))

    works: dict[str, Callable[[], None]] = {
        "limits": limits,
        "text": partial(text_encoders, options.device, book),
        "rife": partial(nets_between, options.device, book),
    }
    works |= {
        name: partial(
            play,
            name,
            options.device,
            book,
            options.rounds,
            until,
            options.parts,
            options.rungs.split(";") if options.rungs else (),
        )
        for name in PLAYS
    }
    for name in options.models:
        if time.monotonic() > until:
            book.put("left_out", name, "no time was left")
            continue
        try:
            with book.part(name):
                works[name]()
        except Exception as error:  # one model's trouble is not the next one's
            traceback.print_exc()
            book.put("trouble", name, f"{type(error).__name__}: {error}"[:500])
            give_back()
    return 0


def command_line() -> argparse.ArgumentParser:
    """What may be asked for."""
    parser = argparse.ArgumentParser(description="Stock diffusers against ours.")
    models, parts = (*OTHERS[:1], *PLAYS, *OTHERS[1:]), PARTS
    some = "names, with commas between: "
    parser.add_argument(
        "--models", default=models, type=partial(_some, models), help=some + ", ".join(models)
    )
    parser.add_argument(
        "--parts", default=parts, type=partial(_some, parts), help=some + ", ".join(parts)
    )
    parser.add_argument("--rounds", type=int, help="turns of each contender; else the plan's own")
    parser.add_argument("--rungs", default="", help="of the ladder, with semicolons between")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else CPU)
    parser.add_argument("--minutes", type=float, default=60, help="no part is begun after")
    parser.add_argument("--out", type=Path, help="a file for what was measured, in JSON")
    parser.add_argument("--write", action="store_true", help=f"the same as --out {JSON_FILE}")
    return parser


def _some(known: tuple[str, ...], text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := set(names) - set(known):
        raise argparse.ArgumentTypeError(f"{sorted(unknown)} are none of {', '.join(known)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
