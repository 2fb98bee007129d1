"""What makes an encode a master or a proxy: codec, rate control and keyframes, as options."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from shared.clip import RateControl
from shared.video.colour import PIXEL_FORMAT
from shared.video.finish_spec import FinishSpec

NVENC = "hevc_nvenc"
X265 = "libx265"
X264 = "libx264"

PROXY_CRF = 23
PROXY_PRESET = "veryfast"
"""For review only: about a tenth of the master's work at half size (docs/benchmarks/finish.md)."""


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """How one file is encoded. `tag` is the sample entry that Apple players look at."""

    codec: str
    width: int
    height: int
    rate: Fraction
    keyframe_interval: int
    tag: str
    options: dict[str, str]
    bit_rate: int | None = None
    pixel_format: str = PIXEL_FORMAT


def master_settings(
    spec: FinishSpec, *, encoder: str = X265, pass_number: int = 0, stats: Path | None = None
) -> StreamSettings:
    """H.265 as the profile asks for it; `pass_number` 1 or 2 with a `stats` file for two passes."""
    options = _nvenc_options(spec) if encoder == NVENC else _x265_options(spec, pass_number, stats)
    average = spec.codec.rate_control is RateControl.AVERAGE
    return StreamSettings(
        codec=encoder,
        width=spec.width,
        height=spec.height,
        rate=spec.rate,
        keyframe_interval=spec.keyframe_interval,
        tag="hvc1",
        options=options,
        bit_rate=spec.target_kbps * 1000 if average else None,
    )


def proxy_settings(spec: FinishSpec) -> StreamSettings:
    """Small H.264 that every browser plays."""
    width, height = spec.proxy_size
    return StreamSettings(
        codec=X264,
        width=width,
        height=height,
        rate=spec.rate,
        keyframe_interval=spec.keyframe_interval,
        tag="avc1",
        options={
            "preset": PROXY_PRESET,
            "crf": str(PROXY_CRF),
            "profile": "high",
            # One thread: same bytes on every machine, and the master keeps the cores.
            "threads": "1",
        },
    )


def _x265_options(spec: FinishSpec, pass_number: int, stats: Path | None) -> dict[str, str]:
    # frame-threads=1: x265 otherwise picks it by core count, and the bytes with it; under VBV
    # more than one even differs from run to run. Rows of a frame still run in parallel.
    # info=0: the settings x265 writes into the stream name the CPU.
    parameters = {
        "log-level": "error",
        "frame-threads": "1",
        "open-gop": "0",
        "keyint": str(spec.keyframe_interval),
        "info": "0",
    }
    options = {"preset": spec.codec.preset}
    if spec.codec.rate_control is not RateControl.AVERAGE:
        options["crf"] = str(spec.codec.crf)
    if spec.codec.rate_control is RateControl.CAPPED:
        parameters["vbv-maxrate"] = str(spec.target_kbps)
        parameters["vbv-bufsize"] = str(2 * spec.target_kbps)
    if pass_number:
        parameters["pass"] = str(pass_number)
        parameters["slow-firstpass"] = "0"
        parameters["stats"] = _escape(str(stats))
    options["x265-params"] = ":".join(f"{key}={value}" for key, value in parameters.items())
    return options


def _nvenc_options(spec: FinishSpec) -> dict[str, str]:
    options = {"preset": "p5", "tune": "hq", "rc": "vbr", "spatial-aq": "1", "rc-lookahead": "32"}
    if spec.codec.rate_control is not RateControl.AVERAGE:
        options |= {"cq": str(spec.codec.crf), "b": "0"}
    if spec.codec.rate_control is RateControl.CAPPED:
        options |= {"maxrate": f"{spec.target_kbps}k", "bufsize": f"{2 * spec.target_kbps}k"}
    return options


def _escape(value: str) -> str:
    """For FFmpeg's key=value:key=value lists."""
    return "".join(f"\\{c}" if c in "\\':=" else c for c in value)
