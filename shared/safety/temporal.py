"""All checks of how a clip moves, from one small picture and one optical flow a frame.

To add one, write an observer (`observer.py`), name it here, and give each of its results a row in
`limits.json`.
"""

from collections.abc import Sequence

from shared.safety.black import Black
from shared.safety.check import ClipInfo, Frame
from shared.safety.drift import Drift
from shared.safety.fidelity import Identity, KeyframeMatch, Prediction
from shared.safety.flicker import Flicker, LocalFlicker
from shared.safety.ghosting import Ghosting
from shared.safety.letterbox import Letterbox
from shared.safety.moment import MomentMaker
from shared.safety.observer import Observer
from shared.safety.pace import Pace
from shared.safety.repeats import Repeats
from shared.safety.report import CheckResult, Curve
from shared.safety.warping import Warping


def observers_of_any_clip() -> tuple[Observer, ...]:
    """What needs no optical flow, and is asked of every clip."""
    return (Flicker(), Repeats(), Black(), Letterbox(), KeyframeMatch(), Prediction())


def observers_of_made_motion() -> tuple[Observer, ...]:
    """What is asked where nobody knows the frames beforehand: the motion is a model's own."""
    return (LocalFlicker(), Warping(), Ghosting(), Drift(), Identity())


class TemporalArtefacts:
    """Makes the moments and shows them to the observers.

    Where still and path predict every frame, the prediction is the better judge: what can only
    guess is not asked, and no flow is found.
    """

    def start(self, clip: ClipInfo) -> None:
        reference = clip.expected.reference
        known = reference is not None and reference.every_frame
        self._maker = MomentMaker(motion=not known)
        self._observers = observers_of_any_clip() + (() if known else observers_of_made_motion())
        self._pace = Pace()
        self._pace.start(clip)
        for observer in self._observers:
            observer.start(clip)

    def frame(self, frame: Frame) -> None:
        moment = self._maker.make(frame)
        self._pace.see(moment)
        for observer in self._observers:
            observer.see(moment)

    def finish(self) -> Sequence[CheckResult]:
        return tuple(result for observer in self._observers for result in observer.finish())

    def curves(self) -> tuple[Curve, ...]:
        """How fast the picture moves."""
        return (self._pace.curve(),)
