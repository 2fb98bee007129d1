"""What the models know at a place: a block's fields, a field's words, and where a name is at home.

Complaints are made from it ("known here: …") and so are remedies; both must know the same names.
"""

from collections.abc import Iterable
from typing import Any, get_args

from pydantic import BaseModel

from shared.manifest.aliases import (
    CLIP_ALIASES,
    FLAT_MOTION,
    KEYFRAME_ALIASES,
    MOTION_ALIASES,
    SCENE_ALIASES,
)
from shared.manifest.places import Place
from shared.manifest.v1 import ClipSettings, Keyframe, Manifest, Motion, Scene


def block_at(model: type[BaseModel], place: Iterable[str | int]) -> type[BaseModel]:
    """The model of the block at `place`; list positions lead nowhere further."""
    for part in place:
        field = model.model_fields.get(str(part))
        inner = _model_in(field.annotation) if field else None
        model = inner or model
    return model


def names_in(block: type[BaseModel]) -> list[str]:
    """The names that a block takes, as they are offered to a creator."""
    names = list(block.model_fields)
    if issubclass(block, ClipSettings):
        names += [name for name in (*CLIP_ALIASES, *FLAT_MOTION) if name not in names]
    if "image_path" in names:
        names += KEYFRAME_ALIASES
    return names


def meanings_in(block: type[BaseModel]) -> dict[str, str]:
    """Every name that a block takes, other names included → the canonical field that it means."""
    meanings = {name: name for name in block.model_fields}
    if issubclass(block, ClipSettings):
        meanings |= {name: f"motion.{meant}" for name, meant in FLAT_MOTION.items()}
        meanings |= CLIP_ALIASES
    if issubclass(block, Motion):
        meanings |= MOTION_ALIASES
    if issubclass(block, Scene):
        meanings |= SCENE_ALIASES
    if issubclass(block, Keyframe):
        meanings |= KEYFRAME_ALIASES
    return meanings


def words_at(model: type[BaseModel], place: Place) -> list[str]:
    """The words that the field at `place` takes, by whichever of its names it is written."""
    block, name = block_at(model, place[:-1]), str(place[-1])
    meant = meanings_in(block).get(name, name).split(".")
    for part in meant[:-1]:
        block = block_at(block, (part,))
    field = block.model_fields.get(meant[-1])
    return _words_in(field.annotation) if field else []


def home_of(name: str) -> str | None:
    """The block in which a field of this very name is at home."""
    # Read backwards, `finish` comes before `generation_params`: both know `fps`, one means it.
    for block, field in reversed(ClipSettings.model_fields.items()):
        inner = _model_in(field.annotation)
        if inner is not None and name in inner.model_fields:
            return block
    return None


def belongs(name: str) -> str:
    """Where a field of this very name is to be written; empty where there is none."""
    home = home_of(name)
    if home:
        return f"It belongs in `{home}`."
    if name in ClipSettings.model_fields:
        return "It belongs in the clip's entry of `keyframes`, or in `defaults` for all clips."
    if name in Keyframe.model_fields:
        return "It belongs in the clip's entry of `keyframes`."
    if name in Manifest.model_fields:
        return "It belongs at the manifest's top level."
    return ""


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


def _words_in(annotation: Any) -> list[str]:
    if isinstance(annotation, type) and hasattr(annotation, "__members__"):
        return [str(member.value) for member in annotation.__members__.values()]
    if isinstance(annotation, str):
        return [annotation]
    return [word for inner in get_args(annotation) for word in _words_in(inner)]
