"""How a clip's camera path comes about, whichever model makes it (X-05).

| strategy | the model is given | and |
| --- | --- | --- |
| `rendered` | nothing | our camera follows the path |
| `words` | words alone | the move is in them |
| `start_crop` | the first view | the move is in its words, and left to it |
| `start_end_crop` | the first view and the last | so is the move between them |
| `virtual_camera` | all that the path ever shows | it stands still; finishing follows the path |

Nobody but a model of our own is given a view or a word that the manifest does not name: providers
have rules of their own for last frames, and what was paid for once keeps its name.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shared.catalog.can import Need
from shared.catalog.model import CAMERA_MOVE, ModelRow
from shared.clip import CameraStrategy, Deviation, Operation
from shared.errors import InvalidInput, Problem
from shared.jobs.deadlines import OWN_GPUS
from shared.motion.rect import Rect
from shared.motion.views import whole_view

if TYPE_CHECKING:
    from shared.pipeline.decide import Draft

MOST_ENLARGED = 2.0
"""How much a virtual camera may enlarge what a model made: beyond, its pixels are seen."""


@dataclass(frozen=True, kw_only=True)
class Camera:
    """The strategy, and the views of the keyframe that it needs.

    Attributes
    ----------
    shown : what the model starts from.
    last : what it ends on; None where nothing of the keyframe is.
    """

    strategy: CameraStrategy
    shown: Rect
    last: Rect | None = None
    deviations: tuple[Deviation, ...] = field(default=())

    @property
    def followed(self) -> Rect | None:
        """What the model shows of the keyframe where finishing follows the path over it."""
        return self.shown if self.strategy is CameraStrategy.VIRTUAL_CAMERA else None

    @property
    def content(self) -> dict[str, object]:
        """What it adds to the clip's content; nothing where a clip is made as ever."""
        views = [view for view in (self.followed, self.last) if view is not None]
        return {"camera": [self.strategy.value, *views]} if views else {}


def camera_for(row: ModelRow, engine: str, draft: "Draft") -> Camera:
    """How this model comes to the clip's camera path.

    Raises
    ------
    InvalidInput : a virtual camera is asked for where the picture has no room for one.
    """
    asked, start = draft.request.motion.strategy, draft.shape.path.start
    if row.id == CAMERA_MOVE:
        return _heeding(asked, CameraStrategy.RENDERED, start, "our camera follows the path itself")
    if not draft.materials.has_keyframe:
        return _heeding(asked, CameraStrategy.WORDS, start, "there is no keyframe to show views of")
    if asked is CameraStrategy.AUTO:
        return _best(row, engine, draft)
    if asked is CameraStrategy.START_END_CROP:
        return Camera(strategy=asked, shown=start, last=draft.shape.path.end)
    if asked is CameraStrategy.VIRTUAL_CAMERA:
        return Camera(strategy=asked, shown=_room(draft))
    return Camera(strategy=CameraStrategy.START_CROP, shown=start)


def _best(row: ModelRow, engine: str, draft: "Draft") -> Camera:
    path, request = draft.shape.path, draft.request
    as_ever = Camera(strategy=CameraStrategy.START_CROP, shown=path.start)
    stays = path.start == path.end or request.operation is Operation.TALKING_AVATAR
    if stays or engine not in OWN_GPUS or draft.materials.last_frame is not None:
        return as_ever
    if row.capabilities.last_frame is not Need.NO:
        return Camera(strategy=CameraStrategy.START_END_CROP, shown=path.start, last=path.end)
    view = whole_view(path, draft.materials.picture.size)
    enlarged = view.width / min(path.start.width, path.end.width) if view else 0.0
    if view is None or enlarged > MOST_ENLARGED:
        why = "the picture has no view of the clip's shape that holds all of it"
        if view is not None:
            why = f"a virtual camera would enlarge the model's picture {enlarged:.1f} times"
        return _left_to_the_model(as_ever, f"{row.id} takes no last frame, and {why}")
    if request.scene is not None:
        return _left_to_the_model(as_ever, "the prompt was written for a camera that moves")
    return Camera(strategy=CameraStrategy.VIRTUAL_CAMERA, shown=view)


def _left_to_the_model(camera: Camera, reason: str) -> Camera:
    change = Deviation(
        field="motion.end_rect", asked="exactly", used="as the model reads its words", reason=reason
    )
    return Camera(strategy=camera.strategy, shown=camera.shown, deviations=(change,))


def _heeding(asked: CameraStrategy, used: CameraStrategy, shown: Rect, why: str) -> Camera:
    """A camera that has no choice, which is a deviation where one was made."""
    changes: tuple[Deviation, ...] = ()
    if asked is not CameraStrategy.AUTO:
        changes = (
            Deviation(field="motion.strategy", asked=asked.value, used=used.value, reason=why),
        )
    return Camera(strategy=used, shown=shown, deviations=changes)


def _room(draft: "Draft") -> Rect:
    view = whole_view(draft.shape.path, draft.materials.picture.size)
    if view is None:
        raise InvalidInput.because(
            [
                Problem(
                    "motion.strategy",
                    "`virtual_camera` needs one view of the clip's shape that holds the whole "
                    "path, and the keyframe has no room for one.",
                    "Bring the two rectangles nearer to each other, or write `start_crop`.",
                    "contradiction",
                )
            ]
        )
    return view
