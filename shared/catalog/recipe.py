"""How a model is held on one class of GPU: what decides whether it fits, and how fast it is."""

import json
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from shared.clip import Document


class GpuClass(StrEnum):
    """Logical GPUs (X-02): what a recipe is written for, not what happens to be in the machine.

    `rtx4090`: 24 GB, Ada, computes in fp8. `a100`: 80 GB, Ampere, none. `h100`: 80 GB, Hopper.
    `cpu`: for tests, on any machine.
    """

    RTX4090 = "rtx4090"
    A100 = "a100"
    H100 = "h100"
    CPU = "cpu"


class Recipe(Document):
    """One way to hold a model; `ModelRow.recipes` says which fit it.

    Attributes
    ----------
    dtype : of weights and activations.
    quantization : of the large model's weights; `fp8` also computes in fp8 where the GPU can.
    offload : `model` keeps one component at a time on the GPU, `group` one block of it;
        `encoders` lets only those wait elsewhere that read prompts and pictures; `experts` keeps
        one of two denoisers there, and streams what reads prompts.
    load : `straight` reads weights by several threads to where they are to lie.
    vae_tiling : decode the picture in tiles.
    levers : further switches of `gpu_functions.speed`, by name.
    """

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    dtype: Literal["bfloat16", "float16", "float32"] = "bfloat16"
    quantization: Literal["none", "fp8", "int8"] = "none"
    offload: Literal["none", "model", "group", "encoders", "experts"] = "none"
    load: Literal["diffusers", "straight"] = "diffusers"
    vae_tiling: bool = False
    levers: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _straight_to_where_it_stays(self) -> Self:
        if self.load == "straight" and self.offload in ("model", "group", "experts"):
            raise ValueError("`load: straight` is for what stays on the GPU")
        return self


CPU_RECIPE = "cpu_float32"
"""Everything runs on a processor like this, if slowly; no row needs to say it."""


@cache
def recipe_book() -> Mapping[str, Recipe]:
    """Every recipe that this version knows, by name."""
    document = json.loads(files("shared.catalog").joinpath("recipe_book.json").read_bytes())
    recipes = [Recipe.model_validate(each) for each in document["recipes"]]
    return MappingProxyType({recipe.name: recipe for recipe in recipes})


SCHEDULES = ("timesteps", "sigmas")
"""Settings that name every step of a distilled model."""


class Sampling(Document):
    """What a model does where a request says nothing.

    Attributes
    ----------
    steps : of denoising.
    guidance : on the model's own scale; None where it has no such number.
    settings : the family's own, for example `motion_bucket_id`.
    """

    steps: int = Field(ge=1)
    guidance: float | None = None
    settings: dict[str, Any] = Field(default_factory=dict)


class SingleFile(Document):
    """Components that their makers publish in one file, and not in diffusers' format.

    Attributes
    ----------
    file : in the repository of the part `single_file`.
    components : that are made of it; their settings are the base's.
    """

    file: str
    components: tuple[str, ...] = Field(min_length=1)


class Distilled(Document):
    """LoRAs that are added to a model's weights, so that a few steps do.

    They are the files of the part `distilled` of the weights.

    Attributes
    ----------
    flow_shift : of the schedule of steps that they were trained for.
    loras : file in their repository, by component.
    """

    flow_shift: float = Field(gt=0)
    loras: dict[str, str] = Field(min_length=1)
