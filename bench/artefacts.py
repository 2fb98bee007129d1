"""How well each artefact check tells faulty clips from clean ones.

    python -m bench.artefacts [--clips FOLDER] [--jobs 2] [--write]

Clean clips are made from the pictures of the repository, each fault is put into each of them at
one of three strengths in turn, all are encoded as H.265 and inspected as delivered files are. The
area under the ROC curve, precision and recall go into `shared/safety/limits.json`, beside the
limits they speak for: a check below 0.9 may not fail a clip. `--clips` asks the same of real
footage that nobody touched.
"""

import argparse
import json
import os
import platform
import tempfile
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fractions import Fraction
from functools import partial
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from bench import artefact_faults as faults
from bench.artefact_clips import (
    HEIGHT,
    WIDTH,
    Clean,
    Maker,
    Picture,
    boxes,
    clean_clips,
    footage,
    photo,
)
from bench.artefact_faults import Fault, Frames
from bench.artefact_sounds import RATE as SOUND_RATE
from bench.artefact_sounds import SECONDS, SOUND_FAULTS, Wave, clean_sounds
from shared.clip import CodecProfile
from shared.safety.black import Black
from shared.safety.check import ClipInfo, Expectation, Frame
from shared.safety.drift import Drift
from shared.safety.fidelity import Identity, KeyframeMatch, Prediction
from shared.safety.flicker import Flicker, LocalFlicker
from shared.safety.ghosting import Ghosting
from shared.safety.inspector import inspect_clip
from shared.safety.letterbox import Letterbox
from shared.safety.limits import TABLE, Evidence, Limit, limits
from shared.safety.moment import MomentMaker
from shared.safety.observer import Observer
from shared.safety.reference import Reference
from shared.safety.repeats import Repeats
from shared.safety.report import CheckResult
from shared.safety.warping import Warping
from shared.video.codec_settings import master_settings
from shared.video.encode import FileEncoder
from shared.video.finish_spec import FinishSpec
from shared.video.loudness import judge, measure

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks" / "artefacts.md"

FAULTS: dict[str, Fault] = {
    "flicker": faults.flicker,
    "local_flicker": faults.local_flicker,
    "warping": faults.boiling,
    "flow_consistency": faults.boiling,
    "texture": faults.texture,
    "neighbour_ssim": faults.texture,
    "stutter": faults.stutter,
    "duplicates": faults.duplicates,
    "ghosting": faults.blending,
    "black": faults.black,
    "brightness_drift": faults.brightness_drift,
    "colour_drift": faults.colour_drift,
    "letterbox": faults.letterbox,
    "keyframe_match": faults.other_start,
    "identity": faults.other_end,
    "path_psnr": faults.off_path,
    "path_ssim": faults.off_path,
}
"""What each check is there to find."""

NEED_MOTION = (faults.stutter, faults.duplicates, faults.blending)
"""On a still these change nothing."""


@dataclass
class Measured:
    """Values of one check by the clip's name: of clean clips, and of faulty ones by strength."""

    clean: dict[str, float] = field(default_factory=dict)
    faulty: dict[int, dict[str, float]] = field(default_factory=partial(defaultdict, dict))

    def add(self, other: "Measured") -> None:
        self.clean |= other.clean
        for strength, values in other.faulty.items():
            self.faulty[strength] |= values

    def all_faulty(self) -> list[float]:
        return [value for values in self.faulty.values() for value in values.values()]

    def part(self, subjects: Collection[str]) -> "Measured":
        """What was measured of the clips of some photographs, or of some sounds."""
        some = Measured(_of(subjects, self.clean))
        for strength, values in self.faulty.items():
            some.faulty[strength] = _of(subjects, values)
        return some


def subject(clip: str) -> str:
    """What a clip shows: its photograph."""
    return clip.rsplit(", ", 1)[-1]


def _of(subjects: Collection[str], values: dict[str, float]) -> dict[str, float]:
    return {clip: value for clip, value in values.items() if subject(clip) in subjects}


class EveryObserver:
    """All observers; only those of fidelity are told the reference, so that each guesses alone."""

    def __init__(self, reference: Reference | None) -> None:
        self._reference = reference
        self._blind: list[Observer] = [
            Flicker(), LocalFlicker(), Warping(), Repeats(), Ghosting(), Drift(), Black(),
            Letterbox(), Identity(),
        ]  # fmt: skip
        self._told: list[Observer] = [KeyframeMatch(), Prediction()]

    def start(self, clip: ClipInfo) -> None:
        self._maker = MomentMaker()
        told = replace(clip, expected=replace(clip.expected, reference=self._reference))
        for observer in self._blind:
            observer.start(clip)
        for observer in self._told:
            observer.start(told)

    def frame(self, frame: Frame) -> None:
        moment = self._maker.make(frame)
        for observer in (*self._blind, *self._told):
            observer.see(moment)

    def finish(self) -> Sequence[CheckResult]:
        return [result for observer in (*self._blind, *self._told) for result in observer.finish()]


def reference_of(clip: Clean) -> Reference:
    """The keyframe: the photograph of a camera move, else a first frame that a model redrew."""
    if clip.path is not None:
        rgb = np.ascontiguousarray(photo(clip.photo)[..., ::-1])
        return Reference(rgb, boxes(clip), every_frame=True)
    return Reference(redrawn(clip.frames[0]), [(0, 0, WIDTH, HEIGHT)], every_frame=False)


def redrawn(picture: Picture) -> Picture:
    """Softer, of a little more contrast, and half a percent too close, as models return it."""
    matrix = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), 0, 1.005)
    closer = cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    soft = cv2.GaussianBlur(closer, (0, 0), 1.2).astype(np.float32)
    return np.clip((soft - 110) * 1.08 + 112, 0, 255).astype(np.uint8)


def encode(frames: Frames, rate: Fraction, path: Path, crf: int = 23) -> None:
    height, width = frames[0].shape[:2]
    codec = CodecProfile(preset="ultrafast", crf=crf)
    spec = FinishSpec(width, height, rate, len(frames), rate, codec=codec)
    encoder = FileEncoder(path, master_settings(spec), {})
    for index, picture in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "bgr24").reformat(
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
        )
        frame.pts, frame.time_base = index, 1 / rate
        encoder.encode(frame)
    encoder.finish()


def inspected(clip: Clean, frames: Frames, path: Path) -> dict[str, float]:
    encode(frames, clip.rate, path)
    height, width = frames[0].shape[:2]
    expected = Expectation(width, height, clip.rate, len(frames))
    report = inspect_clip(path, expected, [EveryObserver(reference_of(clip))])
    return {
        check.name: float(check.value)
        for check in report.checks
        if check.name in FAULTS and check.value is not None
    }


def measure_clips(makers: Sequence[Maker], jobs: int) -> dict[str, Measured]:
    """All faults in all clips, as many clips at a time as there are `jobs`."""
    found: dict[str, Measured] = defaultdict(Measured)
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        for number, one in enumerate(pool.map(measure_clip, *zip(*enumerate(makers), strict=True))):
            for name, measured in one.items():
                found[name].add(measured)
            print(f"{number + 1} of {len(makers)}", flush=True)
    return found


def measure_clip(number: int, make: Maker) -> dict[str, Measured]:
    """One clean clip, and each fault in it."""
    with tempfile.TemporaryDirectory() as folder:
        path, clip = Path(folder) / "clip.mp4", make()
        found = measure_clean(clip, path)
        for turn, fault in enumerate(dict.fromkeys(FAULTS.values())):
            needs_path = fault is faults.off_path
            if (needs_path and clip.path is None) or (fault in NEED_MOTION and not clip.moving):
                continue
            strength = (number + turn) % len(faults.STRENGTHS)
            for name, value in inspected(clip, fault(clip, strength), path).items():
                if FAULTS[name] is fault:
                    found[name].faulty[strength][clip.name] = value
    return dict(found)


def measure_clean(clip: Clean, path: Path) -> dict[str, Measured]:
    values = inspected(clip, clip.frames, path)
    return defaultdict(Measured, {n: Measured({clip.name: each}) for n, each in values.items()})


def write_sound(wave: Wave, path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=SOUND_RATE, options={"b": "192k"})
        stream.layout = "stereo"
        for start in range(0, len(wave), 1024):
            block = np.ascontiguousarray(np.stack([wave[start : start + 1024]] * 2))
            frame = av.AudioFrame.from_ndarray(block, "fltp", "stereo")
            frame.sample_rate, frame.pts, frame.time_base = (
                SOUND_RATE,
                start,
                Fraction(1, SOUND_RATE),
            )
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def measure_sounds(path: Path) -> dict[str, Measured]:
    found: dict[str, Measured] = defaultdict(Measured)

    def values(wave: Wave) -> dict[str, float]:
        write_sound(wave, path)
        return {c.name: float(c.value or 0) for c in judge(measure(path), SECONDS)}

    for number, sound in enumerate(clean_sounds()):
        for name, value in values(sound.wave).items():
            found[name].clean[sound.name] = value
        for name, fault in SOUND_FAULTS.items():
            strength = number % 3
            found[name].faulty[strength][sound.name] = values(fault(sound, strength))[name]
    return found


def evidence(name: str, measured: Measured, fault: Callable[..., object]) -> Evidence:
    limit = limits()[name]
    clean, faulty = list(measured.clean.values()), measured.all_faulty()
    sign = -1 if limit.low_is_bad else 1
    score = auc([sign * value for value in clean], [sign * value for value in faulty])
    bound = limit.fail if limit.fail is not None and score >= 0.9 else limit.warn
    hits = sum(limit.beyond(value, bound) for value in faulty)
    false = sum(limit.beyond(value, bound) for value in clean)
    return Evidence(
        fault=(fault.__doc__ or "").strip().rstrip("."),
        auc=round(score, 3),
        precision=round(hits / max(1, hits + false), 3),
        recall=round(hits / max(1, len(faulty)), 3),
        clean=len(clean),
        faulty=len(faulty),
    )


def auc(clean: list[float], faulty: list[float]) -> float:
    """Chance that a faulty clip scores above a clean one; ties count half."""
    low, high = np.array(clean)[None, :], np.array(faulty)[:, None]
    return float(np.mean(high > low) + np.mean(high == low) / 2)


def held_out(name: str, measured: Measured) -> tuple[float, float]:
    """Precision and recall of limits on clips that they were not chosen on.

    The clips are parted by their photograph (sounds: by turns). On each part the limit is chosen
    that tells best there, halfway between the values around it; it is tried on the other part.
    """
    sign = -1 if limits()[name].low_is_bad else 1
    subjects = sorted(set(map(subject, measured.clean)))
    hits = alarms = faulty = 0
    for turn in (0, 1):
        here, there = (measured.part(subjects[part::2]) for part in (turn, 1 - turn))
        limit = best_limit(
            [sign * value for value in here.clean.values()],
            [sign * value for value in here.all_faulty()],
        )
        hits += sum(sign * value > limit for value in there.all_faulty())
        alarms += sum(sign * value > limit for value in there.clean.values())
        faulty += len(there.all_faulty())
    return hits / max(1, hits + alarms), hits / max(1, faulty)


def best_limit(clean: list[float], faulty: list[float]) -> float:
    """The limit beyond which most of the faulty and fewest of the clean clips lie."""
    values = sorted({*clean, *faulty})
    limits_between = [(a + b) / 2 for a, b in pairwise(values)] or values

    def told(limit: float) -> float:
        right = sum(value > limit for value in faulty) / max(1, len(faulty))
        return right - sum(value > limit for value in clean) / max(1, len(clean))

    return max(limits_between, key=told)


COLUMNS = (
    "check", "what was put in", "clean: median, worst", "warns", "fails", "AUC", "precision",
    "recall", "held out", "seen at the three strengths",
)  # fmt: skip


def table(found: dict[str, Measured], shown: dict[str, Evidence]) -> list[str]:
    rows = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    for name, known in shown.items():
        limit, measured = limits()[name], found[name]
        values = sorted(measured.clean.values(), reverse=limit.low_is_bad)
        unseen = " / ".join(f"{share:.2f}" for share in held_out(name, measured))
        may = "" if limit.fail is None else f"{limit.fail:g}"
        rows.append(
            f"| `{name}` | {known.fault} | {values[len(values) // 2]:.3g}, {values[-1]:.3g} "
            f"| {limit.warn:g} {limit.unit} | {may if known.auc >= 0.9 and may else 'never'} "
            f"| {known.auc:.3f} | {known.precision:.2f} | {known.recall:.2f} | {unseen} "
            f"| {_by_strength(limit, measured)} |"
        )
    return rows


def _by_strength(limit: Limit, measured: Measured) -> str:
    """Share at which the check at least warned."""
    shares = []
    for strength in sorted(measured.faulty):
        values = measured.faulty[strength].values()
        shares.append(f"{100 * sum(limit.beyond(v, limit.warn) for v in values) / len(values):.0f}")
    return ", ".join(shares) + " %"


def alarms(found: dict[str, Measured]) -> list[str]:
    """Clean clips that warned or failed, one line each."""
    lines = []
    for name, measured in found.items():
        for clip, value in measured.clean.items():
            verdict = limits()[name].verdict(value)
            if verdict != "pass":
                lines.append(f"- {verdict}: `{name}` {value:.3g} on {clip}")
    return lines or ["None."]


def page(parts: list[str]) -> str:
    when = datetime.now(UTC).date()
    machine = f"{os.cpu_count()} CPUs ({platform.machine()})"
    versions = f"OpenCV {cv2.__version__}, PyAV {av.__version__}"
    return "\n".join(parts) + f"\n\nMeasured {when}, {machine}, {versions}.\n"


def write_evidence(shown: dict[str, Evidence]) -> None:
    rows = json.loads(TABLE.read_text("utf-8"))
    for name, known in shown.items():
        rows[name]["evidence"] = known.model_dump()
    TABLE.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    limits.cache_clear()


def footage_part(real: dict[str, Measured]) -> list[str]:
    """What was said of footage without a fault of ours."""
    count = max(len(measured.clean) for measured in real.values())
    rows = ["| check | median | worst | warns |", "|---|---|---|---|"]
    for name, measured in real.items():
        limit = limits()[name]
        values = sorted(measured.clean.values(), reverse=limit.low_is_bad)
        middle = values[len(values) // 2]
        rows.append(f"| `{name}` | {middle:.3g} | {values[-1]:.3g} | {limit.warn:g} {limit.unit} |")
    return [
        "", FOOTAGE, "",
        f"{count} clips of cameras, animation and surveillance that the repository does not hold.",
        "", *rows, "", "What was not let pass:", "", *alarms(real),
        "", f"Measured {datetime.now(UTC).date()}.",
    ]  # fmt: skip


def footage_kept() -> list[str]:
    """What the page says of footage already: not everybody who runs the bench has it."""
    _, heading, rest = PAGE.read_text("utf-8").partition(FOOTAGE)
    dated = "\n\nMeasured "
    said, _, when = rest.partition(dated)
    return ["", heading + said + dated + when.splitlines()[0]] if heading else []


FOOTAGE = "## Real footage"

INTRODUCTION = """# What the artefact checks find

Faults put into clean clips, each clip encoded as H.265 and inspected as a delivered file is.
Written by `python -m bench.artefacts --write`, with the figures beside the limits in
`shared/safety/limits.json`. Precision and recall are at the limit that fails where the check may
fail, else at the one that warns; a check whose AUC is below 0.9 never fails a clip.

These limits were set with an eye on these very clips. *Held out* is what the measure does on clips
that its limit was not chosen on (precision / recall): the best limit on the clips of two
photographs, tried on those of the other two, and the other way round.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--clips", type=Path, help="a folder of real footage, to try as well")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="clips at a time")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} and limits.json")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sounds = measure_sounds(Path(folder) / "sound.mp4")
        pictures = measure_clips(clean_clips(), args.jobs)
        real: dict[str, Measured] = defaultdict(Measured)
        for clip in footage(args.clips) if args.clips else ():
            for name, measured in measure_clean(clip, Path(folder) / "clip.mp4").items():
                real[name].add(measured)
    everything = {**pictures, **sounds}
    all_faults: dict[str, Callable[..., object]] = {**FAULTS, **SOUND_FAULTS}
    shown = {name: evidence(name, everything[name], fault) for name, fault in all_faults.items()}
    if args.write:
        write_evidence(shown)
    parts = [INTRODUCTION, *table(everything, shown), "", "Clean clips that were not let pass:", ""]
    parts += alarms(everything)
    parts += footage_part(real) if real else footage_kept()
    text = page(parts)
    print(text)
    if args.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
