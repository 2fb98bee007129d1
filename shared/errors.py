"""Everything that can go wrong, as one tree.

Class names are part of the contract: Step Functions matches its Retry and Catch rules on them.

    DropreelError
    ├── InvalidInput              the creator can mend it: says what, where and how
    │   ├── ManifestInvalid       the manifest as a whole cannot be used
    │   ├── KeyframeMissing       named in the manifest, never arrived
    │   ├── KeyframeUnreadable    not an image we can decode, or not one we accept
    │   ├── KeyframeScoredLow     below the least score, where the project or manifest rejects
    │   ├── MotionUnsafe          a camera path that leaves the picture, races or flickers
    │   ├── ModelUnavailable      no candidate of the route can run here
    │   ├── LibraryKeyTaken       the library holds a file there that is not ours
    │   └── ClipClaimed           another live manifest is making a clip of the same name
    ├── BatchCancelled            somebody dropped CANCEL
    ├── QualityFailed             made, but not good enough to hand over
    ├── JobBroughtNothing         told to a clip's task that waits for a job: there is no clip
    ├── Transient                 try again, nothing is lost
    └── InternalFault             our own mistake: never the creator's
        ├── RenderFailed
        └── EncodeFailed
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, where it is, and what to do about it.

    `path` is a place in a document (`keyframes[3].motion.end_rect`) or a file name.
    `code` is a stable word for machines, for example `unknown_field`.
    """

    path: str
    message: str
    hint: str = ""
    code: str = "invalid"

    def __str__(self) -> str:
        sentence = f"{self.path}: {self.message}" if self.path else self.message
        return f"{sentence} {self.hint}".rstrip()

    def to_dict(self) -> dict[str, str]:
        return asdict(self)


@dataclass(eq=False)
class DropreelError(Exception):
    """Base of every error of ours.

    Attributes
    ----------
    message : what was wrong, for the person who can mend it.
    problems : the same in parts, each with its place and its remedy.
    details : facts for the log; never secrets.
    retryable : may the same step be tried again as it is?
    billed : may somebody have been charged for the attempt?
    """

    message: str
    problems: Sequence[Problem] = ()
    details: dict[str, Any] = field(default_factory=dict)

    retryable: ClassVar[bool] = False
    billed: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__init__(self.message)
        if not self.problems:
            self.problems = (Problem(path="", message=self.message, code=self.code()),)

    def __str__(self) -> str:
        return self.message

    @classmethod
    def code(cls) -> str:
        """The class name in snake case: `KeyframeMissing` → `keyframe_missing`."""
        name = cls.__name__
        return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")

    @classmethod
    def because(cls, problems: Sequence[Problem]) -> "DropreelError":
        """An error that carries several problems, its message the first of them."""
        first, *others = [str(problem) for problem in problems]
        more = f" (and {len(others)} more)" if others else ""
        return cls(f"{first}{more}", problems=tuple(problems))


class InvalidInput(DropreelError):
    """The creator can mend it."""


class ManifestInvalid(InvalidInput):
    """The manifest as a whole cannot be used."""


class KeyframeMissing(InvalidInput):
    """A keyframe that the manifest names did not arrive in time."""


class KeyframeUnreadable(InvalidInput):
    """A keyframe that is not an image we can decode, or not one we accept."""


class KeyframeScoredLow(InvalidInput):
    """A keyframe below the least score of its project or manifest, where these reject."""


class MotionUnsafe(InvalidInput):
    """A camera path that leaves the picture, races, bends the aspect or flickers."""


class ModelUnavailable(InvalidInput):
    """No candidate of the clip's route can run in this deployment."""


class LibraryKeyTaken(InvalidInput):
    """The library holds a file under the clip's name that we did not write."""


class ClipClaimed(InvalidInput):
    """Another live manifest is making a clip of the same name in the same batch."""


class BatchCancelled(DropreelError):
    """Somebody asked for the batch to stop."""


class QualityFailed(DropreelError):
    """The clip was made, but it is not good enough to hand over."""


class JobBroughtNothing(DropreelError):
    """A job has come to an end, or to a halt, without a clip; what now, its row says."""


class Transient(DropreelError):
    """A fault that passes by itself."""

    retryable: ClassVar[bool] = True


class InternalFault(DropreelError):
    """Our own mistake; the creator did nothing wrong."""


class RenderFailed(InternalFault):
    """The renderer could not draw a frame."""


class EncodeFailed(InternalFault):
    """The encoder or muxer refused, or wrote something else than was asked for."""
