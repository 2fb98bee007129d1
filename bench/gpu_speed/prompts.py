"""Encoders of real size: seconds of one prompt, there and parked in the machine's memory."""

import time
from types import SimpleNamespace
from typing import Any

import torch
import transformers

from bench.gpu_clock import best, wait
from bench.gpu_ladder import forget_peak, peak_above, weights_gib
from bench.gpu_sizes import TEXT_ENCODERS, XXL, build_part
from bench.gpu_speed.book import Book
from gpu_functions.generators.faults import give_back
from gpu_functions.runner.device import CPU, GIB
from gpu_functions.speed.parking import park_encoders

TIMES, FETCHES = 3, 2
SMALL = {"num_layers": 1, "d_model": 64, "d_ff": 64, "vocab_size": 512}


def text_encoders(device: str, book: Book) -> None:
    """Seconds of one prompt through each encoder of real size."""
    for name in TEXT_ENCODERS:
        encoder, words = _encoder(name, device)
        tokens = torch.randint(0, 500, (1, words), device=device)

        def read(encoder: Any = encoder, tokens: Any = tokens) -> Any:
            with torch.inference_mode():
                return encoder(tokens, torch.ones_like(tokens)).last_hidden_state

        held = forget_peak(device)
        row = {
            "seconds": best(read, device, TIMES),
            "weights_gib": weights_gib(encoder),
            "tokens": words,
            "working_gib": peak_above(held, device),
        }
        book.put("text", name, row)
        book.put("text", name, row | _parked(encoder, read, device))
        del encoder, read
        give_back()


def _encoder(name: str, device: str) -> tuple[Any, int]:
    """With random weights; and how many tokens a prompt is brought to."""
    sizes = dict(TEXT_ENCODERS[name])
    words = sizes.pop("words")
    config = getattr(transformers, name.replace("EncoderModel", "Config"))(**XXL, **sizes)
    if device == CPU:
        config.update(SMALL)
    dtype = torch.bfloat16 if device != CPU else torch.float32
    return build_part(getattr(transformers, name), {"config": config}, device, dtype), words


def _parked(encoder: Any, read: Any, device: str) -> dict[str, float]:
    """Seconds with `offload: encoders`: a prompt with its fetching, and the sending away.

    The last of two: the first is what allocates.
    """
    denoiser = torch.nn.Identity()
    encoder.to(CPU)
    pipeline = SimpleNamespace(
        components={"text_encoder": encoder, "transformer": denoiser}, transformer=denoiser
    )
    park_encoders(pipeline, device, ("transformer",))
    fetched = away = 0.0
    for _ in range(FETCHES):
        began = time.perf_counter()
        read()
        wait(device)
        fetched = time.perf_counter() - began
        began = time.perf_counter()
        denoiser(torch.zeros(1))
        wait(device)
        away = time.perf_counter() - began
    left = sum(each.numel() * each.element_size() for each in encoder.parameters() if each.is_cuda)
    return {"parked_sec": fetched, "away_sec": away, "left_gib": left / GIB}
