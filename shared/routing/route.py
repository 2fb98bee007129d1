"""From the words of a route to the models that each of them means."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from shared.catalog.catalog import Catalog
from shared.catalog.model import CAMERA_MOVE, ModelRow, ModelStatus
from shared.clip import Operation
from shared.errors import ModelUnavailable, Problem
from shared.nearest import did_you_mean
from shared.routing.presets import Preset, find_preset, presets

SHOWN = 60


@dataclass(frozen=True, slots=True)
class Block:
    """One word of a route: a preset with all that it may choose from, or one model."""

    word: str
    preset: Preset | None
    rows: tuple[ModelRow, ...]


def read_route(route: Sequence[str], operation: Operation, catalog: Catalog) -> list[Block]:
    """What each word of a route means, in the route's order.

    A preset chooses among the active models that make what is asked. Legacy ones are for those who
    name them (X-04), and so is a camera move where something else is asked.

    Raises
    ------
    ModelUnavailable : a word that is neither a preset nor a model; all of them are told.
    """
    blocks: list[Block] = []
    unknown: list[Problem] = []
    for place, word in enumerate(route):
        preset, row = find_preset(word), catalog.find(word)
        if preset is not None:
            pool = (each for each in catalog.models if operation in each.operations)
            chosen = tuple(each for each in pool if each.status is ModelStatus.ACTIVE)
            blocks.append(Block(preset.name, preset, chosen))
        elif row is not None:
            blocks.append(Block(row.id, None, (row,)))
        else:
            unknown.append(_unknown(place, word, catalog))
    if not route:
        unknown.append(
            Problem("route", "is empty.", f'Write for example ["{CAMERA_MOVE}"].', "empty")
        )
    if unknown:
        raise ModelUnavailable.because(unknown)
    return blocks


def _unknown(place: int, word: str, catalog: Catalog) -> Problem:
    cut = word if len(word) <= SHOWN else f"{word[:SHOWN]}…"
    names = [*presets(), *(name for row in catalog.models for name in row.words)]
    return Problem(
        f"route[{place}]",
        f"{json.dumps(cut, ensure_ascii=False)} is not the name of a model or a preset.",
        f"{did_you_mean(word, names)} Presets: {', '.join(presets())}.".strip(),
        "unknown_model",
    )
