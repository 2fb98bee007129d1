"""The camera move in the words of a generative model (seed B049, B055; X-05).

Only the Stable Video Diffusion family has a number for "how much moves": the motion bucket. Every
other model gets the move as a phrase for its prompt. The rectangles travel along for the virtual
camera, which applies them to whatever the model made.
"""

from typing import Any

from shared.clip import MotionPlan, MotionRequest, MotionType
from shared.motion.defaults import DEFAULT_INTENSITY

BUCKETS = {"static": 10, "zoom": 127, "pan": 100}
"""Motion bucket at intensity 1 (seed B055)."""

BUCKET_RANGE = (1, 255)
"""What the models were trained on; the seed's truncation alone would reach 0 (X-05)."""

SVD_FAMILY = ("svd", "stable-video-diffusion", "stable_video_diffusion")

STANDS_STILL = "locked-off camera, no camera movement"

_PHRASES = {
    MotionType.STATIC: STANDS_STILL,
    MotionType.ZOOM_IN: "slow camera zoom in",
    MotionType.ZOOM_OUT: "slow camera zoom out",
    MotionType.PAN_LEFT: "slow camera pan to the left",
    MotionType.PAN_RIGHT: "slow camera pan to the right",
    MotionType.PAN_UP: "slow camera tilt up",
    MotionType.PAN_DOWN: "slow camera tilt down",
}

_EQUAL_WIDTHS = 0.01


def motion_to_model_params(motion: MotionPlan | MotionRequest, model: str) -> dict[str, Any]:
    """The parameters of `model` for a camera move.

    Parameters
    ----------
    motion : the move; rectangles that are still open are left out.
    model : a model's catalogue name, for example `stable_video_diffusion_v1.1` or `svd-xt-1.1`.

    Returns
    -------
    camera_motion : `static`, `zoom` or `pan`.
    crop_coords : `{"start": [x1, y1, x2, y2], "end": […]}`, normalised.
    motion_bucket_id : for the SVD family: bucket × intensity, truncated, 1–255.
    camera_phrase : for every other model: words for the prompt.
    """
    kind = camera_kind(motion)
    ends = {"start": motion.start_rect, "end": motion.end_rect}
    crops = {end: list(rect) for end, rect in ends.items() if rect is not None}
    params: dict[str, Any] = {"camera_motion": kind}
    if crops:
        params["crop_coords"] = crops
    if model.lower().startswith(SVD_FAMILY):
        params["motion_bucket_id"] = motion_bucket(kind, motion.intensity)
    else:
        params["camera_phrase"] = camera_phrase(motion)
    return params


def motion_bucket(kind: str, intensity: float | None) -> int:
    """The seed's bucket for `static`, `zoom` or `pan`, times intensity (None means 0.5)."""
    scaled = int(BUCKETS[kind] * (DEFAULT_INTENSITY if intensity is None else intensity))
    return min(max(scaled, BUCKET_RANGE[0]), BUCKET_RANGE[1])


def camera_phrase(motion: MotionPlan | MotionRequest) -> str:
    """The move in words, for a prompt."""
    if motion.type in _PHRASES:
        return _PHRASES[motion.type]
    return {"zoom": "slow camera zoom", "pan": "slow camera pan"}.get(
        camera_kind(motion), _PHRASES[MotionType.STATIC]
    )


def camera_kind(motion: MotionPlan | MotionRequest) -> str:
    """`static`, `zoom` or `pan`; a custom move is what its rectangles do."""
    name = motion.type.value.partition("_")[0]
    if name in BUCKETS:
        return name
    start, end = motion.start_rect, motion.end_rect
    if start is None or end is None or start == end:
        return "static"
    return "zoom" if abs(end.width / start.width - 1) > _EQUAL_WIDTHS else "pan"
