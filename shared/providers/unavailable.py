"""Providers that have a name here but no adapter, and why.

A route that names one is answered with the reason, instead of with "unknown".
"""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, kw_only=True)
class Unavailable:
    """A provider that the jobs engine cannot or may no longer use."""

    name: str
    reason: str
    instead: str
    since: date | None = None


UNAVAILABLE = {
    each.name: each
    for each in (
        Unavailable(
            name="huggingface",
            reason=(
                "Inference Providers answer a video in one blocking request, without a job id: "
                "nothing could be resumed, looked up or cancelled, and a lost connection would "
                "lose a paid clip. Its client's waiting loops have no deadline."
            ),
            instead="the same models at fal, wavespeed or replicate, which it only passes on to",
        ),
        Unavailable(
            name="stability",
            reason="Hosted Stable Video Diffusion was discontinued.",
            instead="stable-video-diffusion-xt-1.1 on your own GPU or Modal",
        ),
        Unavailable(
            name="openai_sora",
            reason="The Videos API was shut down, without a successor.",
            instead="google_veo or runway",
            since=date(2026, 9, 24),
        ),
        Unavailable(
            name="luma_dream_machine",
            reason="The Dream Machine API is legacy.",
            instead="luma_agents",
        ),
        Unavailable(
            name="pika",
            reason="Pika has no API of its own.",
            instead="fal-ai/pika/v2.2/image-to-video at fal",
        ),
    )
}
