"""Words that were read before are not read again.

A batch says the same negative prompt with every clip, and a shootout the same prompt. The text
encoders are up to half of a model's bytes; with offload they are carried to the GPU for each.
"""

import inspect
from collections import OrderedDict
from typing import Any

import torch

KEPT = 32
"""Readings; of the largest encoder that is some 130 MB of the machine's memory."""

PLAIN = (str, int, float, bool, type(None), torch.device, torch.dtype)


def remember_prompts(pipeline: Any, kept: int = KEPT) -> None:
    """Let `pipeline.encode_prompt` answer from memory where every argument is plain.

    What depends on a picture (HunyuanVideo reads both together) is read anew.
    """
    read = pipeline.encode_prompt
    signature = inspect.signature(read)
    memory: OrderedDict[Any, Any] = OrderedDict()

    def encode_prompt(*arguments: Any, **named: Any) -> Any:
        key = _key(signature.bind(*arguments, **named).arguments)
        if key is None:
            return read(*arguments, **named)
        if key not in memory:
            memory[key] = _moved(read(*arguments, **named), None)
            if len(memory) > kept:
                memory.popitem(last=False)
        memory.move_to_end(key)
        return _moved(memory[key], pipeline._execution_device)

    pipeline.encode_prompt = encode_prompt


def _key(arguments: dict[str, Any]) -> Any:
    key = []
    for name, value in arguments.items():
        plain = tuple(value) if isinstance(value, list) else value
        parts = plain if isinstance(plain, tuple) else (plain,)
        if not all(isinstance(part, PLAIN) for part in parts):
            return None
        key.append((name, plain))
    return tuple(key)


def _moved(reading: Any, device: torch.device | None) -> Any:
    """Copies of all tensors, on `device` or else in the machine's memory."""
    if isinstance(reading, torch.Tensor):
        return reading.to(device or "cpu", copy=True)
    if isinstance(reading, tuple | list):
        return type(reading)(_moved(each, device) for each in reading)
    return reading
