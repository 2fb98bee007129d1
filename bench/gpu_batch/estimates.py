"""What a batch says of a clip's seconds, for `dropreel estimate`."""

import statistics
from datetime import datetime

from bench.gpu_batch.batch import Batch
from shared.catalog.clip_seconds import Basis, ClipSeconds

SOURCE = "python -m bench.gpu_batch --write"


def seconds_row(batch: Batch) -> ClipSeconds:
    """What the batch says of a clip's seconds, for the estimates."""
    has = batch.cold.settings
    steps = [
        (span.ended - span.began) / (has["steps"] - 1)
        for run in batch.runs
        for span in run.spans
        if span.what == "denoising" and has["steps"] > 1
    ]
    return ClipSeconds(
        basis=Basis.MEASURED,
        model=batch.model,
        gpu_class=batch.gpu_class,
        recipe=batch.cold.recipe,
        width=has["width"],
        height=has["height"],
        frames=has["num_frames"],
        steps=has["steps"],
        clip_sec=round(batch.generating_sec, 3),
        step_sec=round(statistics.median(steps), 4) if steps else None,
        hand_off_sec=round(batch.handing_on_sec, 3),
        peak_gib=batch.cold.peak_vram_gb,
        device=batch.device,
        on=datetime.fromisoformat(batch.day).date(),
        source=SOURCE,
        note=", ".join(
            part for part in ("random weights, prompts already read", batch.note) if part
        ),
    )
