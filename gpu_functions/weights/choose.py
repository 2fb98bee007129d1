"""Which files of a repository a pipeline is loaded from: once, and not every form they come in."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

SETTINGS = (".json", ".txt", ".model", ".jinja")
VARIANT_MARKS = (".fp16.", ".fp32.", ".bf16.", ".non_ema.", ".ema.")
SAFE, PICKLED = ".safetensors", ".bin"
INDEX = "model_index.json"


def chosen_files(
    names: Collection[str],
    components: Mapping[str, Any] | None,
    settings_only: Collection[str] = (),
) -> list[str]:
    """The files to fetch, in order.

    Parameters
    ----------
    names : everything that the repository holds.
    components : its `model_index.json`; None for a repository of one component.
    settings_only : components whose weights are from elsewhere.

    Returns
    -------
    Settings and weights of the components that the pipeline has, in one form: safetensors where
    there are any, else pickled; no variants in other precisions, for we convert by ourselves.
    """
    if components is None:
        folders = {""}
    else:
        folders = {
            name
            for name, kind in components.items()
            if not name.startswith("_") and isinstance(kind, list) and kind[0] is not None
        }
    chosen = [INDEX] if components is not None else []
    for folder in sorted(folders):
        inside = [name for name in names if _folder(name) == folder and name != INDEX]
        of_it = _of_one_component(inside)
        chosen += [name for name in of_it if folder not in settings_only or _is_setting(name)]
    return chosen


def _of_one_component(names: Collection[str]) -> Iterator[str]:
    plain = [name for name in names if not any(mark in name for mark in VARIANT_MARKS)]
    safe = [name for name in plain if name.endswith(SAFE)]
    weights = safe or [name for name in plain if name.endswith(PICKLED)]
    form = SAFE if safe else PICKLED
    for name in sorted(plain):
        index_of_other_form = ".index." in name and form not in name
        if name in weights or (name.endswith(SETTINGS) and not index_of_other_form):
            yield name


def _is_setting(name: str) -> bool:
    return name.endswith(SETTINGS) and ".index." not in name


def _folder(name: str) -> str:
    parent = str(PurePosixPath(name).parent)
    return "" if parent == "." else parent
