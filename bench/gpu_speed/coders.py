"""The picture coder by every way of the plan, over the same latents and pictures."""

import copy
import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.gpu_clock import Stages, matmul_precision, middle
from bench.gpu_ladder import forget_peak, peak_above
from bench.gpu_speed.opened import Opened
from bench.gpu_speed.plan import Levers
from bench.lever_errors import relative_error
from gpu_functions.generators.faults import give_back
from gpu_functions.runner.device import CPU
from gpu_functions.speed import LEVERS


@dataclass
class Coder:
    """The picture coder by one way: seconds to decode a clip, and to encode what it begins with.

    `first_sec` is of both for the first time, compiling included.
    """

    model: str
    way: str
    decode_sec: float = 0.0
    encode_sec: float = 0.0
    working_gib: float = 0.0
    first_sec: float = 0.0
    error: float = 0.0
    psnr_db: float = 0.0
    trouble: str = ""


def coders(there: Opened, until: float) -> list[tuple[Coder, Any]]:
    """All ways, taking turns; with each its coder, or None where it did not work."""
    device, what = there.device, there.what
    latents, video = _inputs(there)
    found: list[tuple[Coder, Any]] = []
    truth: torch.Tensor | None = None
    for way, levers in what.coders.items():
        coder, made = Coder(there.name, way), None
        if time.monotonic() < until:
            try:
                made = _by(levers, there.pipeline.vae, device)
                began = time.perf_counter()
                answer = decoded(made, latents, levers)
                _ = float(answer.flatten()[0])
                _encoded(made, video, levers)
                coder.first_sec = time.perf_counter() - began
                truth = answer.float() if truth is None else truth
                coder.error = relative_error(answer, truth)
                gap = float((answer.float() - truth).square().mean())
                coder.psnr_db = 10 * float(np.log10(4 / gap)) if gap else 0.0
                del answer
            except Exception as error:  # a way that fails is written down
                coder.trouble = f"{type(error).__name__}: {error}".partition("\n")[0][:300]
                made = None
        else:
            coder.trouble = "no time was left"
        found.append((coder, made))
        give_back()
    stages = Stages(device)
    taken: dict[str, list[float]] = {}
    for turn in range(what.coder_turns):
        for coder, made in found:
            if made is None:
                continue
            held = forget_peak(device)
            levers = what.coders[coder.way]
            stages.timed(coder.way, decoded)(made, latents, levers)
            coder.working_gib = max(coder.working_gib, peak_above(held, device))
            if turn == 0:
                stages.timed(f"{coder.way}/encode", _encoded)(made, video, levers)
            for key, values in stages.taken().items():
                taken.setdefault(key, []).extend(values)
    for coder, made in found:
        if made is not None:
            coder.decode_sec = middle(taken[coder.way])
            coder.encode_sec = middle(taken[f"{coder.way}/encode"])
    return found


def latents_of(there: Opened) -> torch.Tensor:
    """Latents of the whole clip."""
    return _inputs(there)[0]


def _inputs(there: Opened) -> tuple[torch.Tensor, torch.Tensor]:
    """Latents of the whole clip; and the keyframe with the empty frames that Wan's model reads."""
    what, vae, device = there.what, there.pipeline.vae, there.device
    config = vae.config
    channels = config.get("z_dim") or config["latent_channels"]
    space = vae.spatial_compression_ratio
    if device == CPU:
        shape, frames = (1, channels, 2, 4, 4), 5
        pixels = (4 * space, 4 * space)
    else:
        frames, pixels = what.frames, (what.size[1], what.size[0])
        shape = (
            1,
            channels,
            (frames - 1) // there.time_ratio + 1,
            pixels[0] // space,
            pixels[1] // space,
        )
    seen = 1 if "5b" in what.row or "ltx" in what.row else frames
    noise = torch.Generator(device).manual_seed(0)
    latents = torch.randn(shape, generator=noise, device=device)
    video = torch.zeros(1, 3, seen, *pixels, device=device)
    video[:, :, 0] = torch.rand(1, 3, *pixels, generator=noise, device=device) * 2 - 1
    return latents, video


def _by(levers: Levers, stock: Any, device: str) -> Any:
    made = copy.deepcopy(stock)
    held = SimpleNamespace(vae=made)
    for lever in LEVERS:
        if levers.get(lever):
            LEVERS[lever](held, levers[lever], device, ())
    if levers.get("vae_tiling"):
        made.enable_tiling()
    return made


def decoded(vae: Any, latents: torch.Tensor, levers: Levers) -> torch.Tensor:
    """Latents to pictures."""
    more = {}
    if getattr(vae.config, "timestep_conditioning", False):
        more["temb"] = torch.full((1,), 0.05, device=latents.device, dtype=vae.dtype)
    with torch.inference_mode(), matmul_precision(levers.get("precision", "highest")):
        made: torch.Tensor = vae.decode(latents.to(vae.dtype), return_dict=False, **more)[0]
    return made


def _encoded(vae: Any, video: torch.Tensor, levers: Levers) -> Any:
    with torch.inference_mode(), matmul_precision(levers.get("precision", "highest")):
        return vae.encode(video.to(vae.dtype))
