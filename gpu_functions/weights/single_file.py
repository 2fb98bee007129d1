"""A model that is published in one file, brought into diffusers' format once: when it is fetched.

From then on it is loaded like any other. Which tensor is called what is diffusers' knowledge; that
the file has all tensors of a component and no others is looked at here.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gpu_functions.generators.contract import WeightsMissing
from gpu_functions.weights.check import promised_size
from gpu_functions.weights.choose import INDEX
from shared.catalog.model import SINGLE_FILE, ModelRow
from shared.errors import InvalidInput

CONVERTED = "diffusion_pytorch_model.safetensors"


def to_convert(row: ModelRow, folder: Path) -> tuple[str, ...]:
    """Components that are not there whole, or were made of an older single file."""
    if row.single_file is None:
        return ()
    file = folder / SINGLE_FILE / row.single_file.file
    names = row.single_file.components
    return tuple(name for name in names if not _is_made_of(file, folder / name / CONVERTED))


def _is_made_of(file: Path, made: Path) -> bool:
    if not (file.is_file() and made.is_file()):
        return False
    is_newer = made.stat().st_mtime_ns >= file.stat().st_mtime_ns
    return is_newer and promised_size(made) == made.stat().st_size


def convert(file: Path, folder: Path, components: Iterable[str]) -> None:
    """Write components out of a single file into a pipeline's folder, in the file's own precision.

    Parameters
    ----------
    file : safetensors with the components' weights, under the names that their makers gave them.
    folder : has the pipeline's index and the settings of each component.

    Raises
    ------
    WeightsMissing : the file holds other tensors than a component has; nothing of it is written.
    InvalidInput : it cannot be written here, for want of room.
    """
    import diffusers  # noqa: PLC0415 - heavy, and only for these models
    from accelerate import init_empty_weights  # noqa: PLC0415
    from diffusers.loaders import single_file_model  # noqa: PLC0415
    from safetensors.torch import load_file  # noqa: PLC0415

    if promised_size(file) != file.stat().st_size:
        raise WeightsMissing(f"{file} is cut, or no safetensors file.")
    kinds, tensors = json.loads((folder / INDEX).read_bytes()), load_file(file)
    for name in components:
        kind = getattr(diffusers, kinds[name][1])
        with init_empty_weights():
            model = kind.from_config(kind.load_config(str(folder / name)))
        known = single_file_model.SINGLE_FILE_LOADABLE_CLASSES[kind.__name__]
        try:
            state = known["checkpoint_mapping_fn"](dict(tensors), config=dict(model.config))
            model.load_state_dict(state, strict=True, assign=True)
        except (RuntimeError, LookupError, ValueError) as error:
            raise WeightsMissing(f"{file} is no {kind.__name__}: {str(error)[:300]}") from error
        _write(state, folder / name / CONVERTED)


def _write(state: Mapping[str, Any], file: Path) -> None:
    """Whole or not at all."""
    from safetensors import SafetensorError  # noqa: PLC0415
    from safetensors.torch import save_file  # noqa: PLC0415

    new = file.with_name(f"{file.name}.new")
    try:
        save_file(
            {key: values.contiguous() for key, values in state.items()}, new, {"format": "pt"}
        )
        new.replace(file)
    except SafetensorError as error:  # also of a disk that is full
        raise InvalidInput(f"{file} cannot be written: {error}") from error
    finally:
        new.unlink(missing_ok=True)
