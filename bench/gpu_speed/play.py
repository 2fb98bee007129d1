"""One model of the plan, part by part."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from bench.gpu_clock import kernels
from bench.gpu_ladder import Rung, forward
from bench.gpu_speed.book import Book
from bench.gpu_speed.clips import STOCK, clips
from bench.gpu_speed.coders import Coder, coders, decoded, latents_of
from bench.gpu_speed.forwards import Climbed, climbed, fill_in_errors
from bench.gpu_speed.guided import guided
from bench.gpu_speed.opened import Opened, opened
from bench.gpu_speed.passes import passes
from bench.gpu_speed.plan import PLAYS
from gpu_functions.generators.faults import give_back
from gpu_functions.runner.device import CPU

PARTS = (
    "forwards",
    "alone",
    "kernels",
    "passes",
    "guidance",
    "coders",
    "clips",
    "errors",
)
"""What is measured of a model, in this order. `kernels` are of the forwards, and of the coder where
`coders` are asked for too; `errors` are of the forwards."""


def play(
    name: str,
    device: str,
    book: Book,
    rounds: int | None = None,
    until: float = float("inf"),
    parts: Sequence[str] = PARTS,
    only: Sequence[str] = (),
) -> None:
    """One model; what goes wrong is written down and the rest goes on.

    Parameters
    ----------
    rounds : turns of each contender; else the plan's own.
    until : when, on `time.monotonic`, no further contender is begun.
    only : rungs that are climbed; else all.
    """
    what = PLAYS[name]
    if only:
        what = replace(what, rungs={rung: what.rungs[rung] for rung in only if rung in what.rungs})
    with book.part(f"{name}: built"):
        there = opened(name, what, device)
    found = _Playing(there, book, rounds or what.rounds, until).parts(parts)
    del there
    give_back()
    if "errors" in parts and found is not None and time.monotonic() < until:
        with book.part(f"{name}: errors"):
            fill_in_errors(found, device)
            found.put(book)


class _Playing:
    """The parts of a model that is in memory."""

    def __init__(self, there: Opened, book: Book, rounds: int, until: float) -> None:
        self._there, self._book, self._rounds, self._until = there, book, rounds, until
        self._models: dict[str, Any] = {}
        self._coder: tuple[Coder, Any] = (Coder(there.name, STOCK), there.pipeline.vae)

    def parts(self, names: Sequence[str]) -> Climbed | None:
        """All that are asked for; the forwards, if they are among them."""
        there = self._there
        found = self._forwards() if "forwards" in names else None
        self._make_ready()
        later: Mapping[str, Callable[[], None]] = {
            "alone": self._alone,
            "kernels": self._kernels,
            "passes": self._passes,
            "guidance": self._guidance,
            "coders": partial(self._coders, with_kernels="kernels" in names),
            "clips": self._clips,
        }
        for name, work in later.items():
            if name in names and time.monotonic() < self._until:
                with self._book.part(f"{there.name}: {name}"):
                    work()
                give_back()
        return found

    def _forwards(self) -> Climbed:
        with self._book.part(f"{self._there.name}: forwards"):
            found, self._models = climbed(
                self._there, self._there.what.rungs, self._rounds, self._until
            )
            found.put(self._book)
        return found

    def _make_ready(self) -> None:
        """Keep stock and the best ways that work; make them where no forwards were asked for."""
        what, stock = self._there.what, self._there.pipeline.transformer
        best = [way for way in what.best if way in what.rungs][: what.clip_ways]
        if not self._models and best:
            rungs = {way: what.rungs[way] for way in (STOCK, *best)}
            _, self._models = climbed(self._there, rungs, 0, self._until)
        ours = [way for way in what.best if way in self._models][: what.clip_ways]
        self._models = {STOCK: stock} | {way: self._models[way] for way in ours}
        give_back()

    @property
    def _two(self) -> dict[str, Any]:
        """Stock and the best of ours."""
        return dict([*self._models.items()][:2])

    def _alone(self) -> None:
        there = self._there
        if there.what.alone:
            key = f"{there.name}, levers alone"
            climbed(there, there.what.alone, self._rounds, self._until, key)[0].put(self._book)

    def _kernels(self) -> None:
        there = self._there
        if there.device == CPU:
            return
        for way, model in self._two.items():
            rung = Rung(there.name, way, there.what.rungs[way])
            found = kernels(partial(forward, model, there.given, rung))
            self._book.put("kernels", f"{there.name}: {way}", found)

    def _passes(self) -> None:
        there = self._there
        if there.what.passes:
            found = passes(there, self._two, self._rounds, self._until)
            self._book.put("passes", there.name, found)

    def _guidance(self) -> None:
        there = self._there
        if there.what.guidance > 1 and there.what.passes:
            self._book.put("guidance", there.name, guided(there, self._two, self._until))

    def _coders(self, *, with_kernels: bool) -> None:
        there = self._there
        found = coders(there, self._until)
        if not found:
            return
        self._book.put("coders", there.name, [asdict(coder) for coder, _ in found])
        worked = [pair for pair in found if pair[1] is not None]
        self._coder = min(worked, key=lambda pair: pair[0].decode_sec, default=self._coder)
        if with_kernels and there.device != CPU:
            coder, made = self._coder
            work = partial(decoded, made, latents_of(there), there.what.coders[coder.way])
            self._book.put("kernels", f"{there.name}: coder, {coder.way}", kernels(work))

    def _clips(self) -> None:
        there, coder = self._there, (self._coder[0].way, self._coder[1])
        made = []
        for clip in clips(there, self._models, coder):
            made.append(asdict(clip))
            self._book.put("clips", there.name, made)
