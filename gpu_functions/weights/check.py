"""Is a folder of weights whole? Found out before minutes of loading, and in words.

Reads only headers and sizes: a folder of 60 GB is judged in milliseconds.
"""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gpu_functions.generators.contract import WeightsMissing
from gpu_functions.weights.record import record_of
from shared.catalog.catalog import find_model
from shared.catalog.model import ModelRow
from shared.errors import Problem

INDEX = "model_index.json"
WEIGHTS = ("*.safetensors", "*.bin")
HEADER_LIMIT = 100_000_000
"""The format's own limit for its header, in bytes."""

WITHOUT_WEIGHTS = ("scheduler", "tokenizer", "feature_extractor", "image_processor", "processor")
"""Components that are settings only, as their names begin."""


def check_weights(model_id: str, folder: Path) -> None:
    """Refuse a folder in diffusers' format that cannot be loaded.

    Raises
    ------
    WeightsMissing : every file that is missing or damaged, and the command to get it.
    """
    problems = list({each.path: each for each in weights_problems(model_id, folder)}.values())
    if problems:
        command = f"dropreel weights pull {model_id} --to {folder}"
        raise WeightsMissing.because(
            [Problem(each.path, each.message, f"Run `{command}`.", each.code) for each in problems]
        )


def weights_problems(model_id: str, folder: Path) -> Iterator[Problem]:
    """Everything about the folder that would make loading the model fail."""
    if not folder.is_dir():
        yield Problem(str(folder), "There is no such folder.", code="missing")
        return
    index = folder / INDEX
    if not index.exists():
        yield Problem(str(index), "The list of the model's parts is missing.", code="missing")
        return
    components = read_index(index)
    if components is None:
        yield Problem(str(index), "The list of the model's parts is damaged.", code="damaged")
        return
    row = find_model(model_id)
    if row is not None:
        yield from _recorded_problems(row, folder)
    for name, kind in components.items():
        if not name.startswith("_") and isinstance(kind, list) and kind[0] is not None:
            yield from _component_problems(folder / name, name)
    for part, files in row.named_files.items() if row else ():
        for file in files:
            yield from _file_problems(folder / part / file)


def read_index(index: Path) -> dict[str, Any] | None:
    """The kinds of a pipeline's components, by name; None where no such list can be read."""
    try:
        components = json.loads(index.read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(components, dict) or [] in components.values():
        return None
    return components


def _recorded_problems(row: ModelRow, folder: Path) -> Iterator[Problem]:
    """Files that are gone or of another size than when they were fetched."""
    record = record_of(row, folder)
    for name, size in record.sizes.items() if record else ():
        file = folder / name
        if not file.is_file():
            yield Problem(str(file), "This file is missing.", code="missing")
        elif file.stat().st_size != size:
            found = file.stat().st_size
            message = f"It has {found:,} bytes; when it was fetched it had {size:,}."
            yield Problem(str(file), message, code="damaged")


def _component_problems(folder: Path, name: str) -> Iterator[Problem]:
    if not folder.is_dir():
        yield Problem(str(folder), f"The part `{name}` is missing.", code="missing")
        return
    if name.startswith(WITHOUT_WEIGHTS) or name == "guider":
        if not any(folder.iterdir()):
            yield Problem(str(folder), f"The part `{name}` is empty.", code="missing")
        return
    if not (folder / "config.json").is_file():
        yield Problem(str(folder / "config.json"), "Its settings are missing.", code="missing")
    indices = sorted(folder.glob("*.index.json"))
    files = {file for index in indices for file in _named_in(index)}
    if not indices:
        files = {file for pattern in WEIGHTS for file in folder.glob(pattern)}
    if not files:
        file = folder / "diffusion_pytorch_model.safetensors"
        yield Problem(str(file), f"The part `{name}` has no weights.", code="missing")
    for file in sorted(files):
        yield from _file_problems(file)


def _named_in(index: Path) -> set[Path]:
    try:
        document: dict[str, Any] = json.loads(index.read_bytes())
        return {index.parent / name for name in document["weight_map"].values()}
    except (ValueError, KeyError, AttributeError):
        return {index}


def _file_problems(file: Path) -> Iterator[Problem]:
    if not file.is_file():
        yield Problem(str(file), "This file of weights is missing.", code="missing")
    elif file.name.endswith(".index.json"):
        yield Problem(str(file), "The list of files is damaged.", code="damaged")
    elif file.suffix == ".safetensors":
        promised, size = promised_size(file), file.stat().st_size
        if promised is None:
            yield Problem(str(file), "It is no safetensors file.", code="damaged")
        elif promised != size:
            message = f"It has {size:,} bytes where its header promises {promised:,}."
            yield Problem(str(file), message, code="damaged")


def promised_size(file: Path) -> int | None:
    """The size in bytes that a safetensors file's own header gives it; None when it has none.

    The format: eight bytes with the length of a JSON header, the header, then the tensors, each at
    the offsets that the header names.
    """
    with file.open("rb") as stream:
        start = stream.read(8)
        if len(start) < 8:
            return None
        (length,) = struct.unpack("<Q", start)
        if not 2 <= length <= HEADER_LIMIT:
            return None
        try:
            header = json.loads(stream.read(length))
            ends = [entry["data_offsets"][1] for key, entry in header.items() if key[0] != "_"]
            return 8 + int(length) + int(max(ends, default=0))
        except (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError):
            return None
