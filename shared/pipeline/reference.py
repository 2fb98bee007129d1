"""What a clip should look like, kept by PrepareClip and RouteClip for InspectClip."""

import numpy as np
from numpy.typing import NDArray

from shared.clip import ClipPlan, ObjectRef
from shared.keys import ArtefactKeys
from shared.motion.path import CameraPath
from shared.pipeline.services import Services
from shared.video.lut import parse_cube
from shared.video.reference import reference_png


def write_reference(
    services: Services, plan: ClipPlan, rgb: NDArray[np.uint8], lut: ObjectRef | None
) -> None:
    """Keep the keyframe's seen part, graded; the inspector's bundle cannot decode a keyframe."""
    path = CameraPath(plan.motion.start_rect, plan.motion.end_rect, plan.motion.easing)
    look = parse_cube(services.objects.read(lut), lut.name) if lut else None
    services.objects.write(
        services.work_bucket,
        ArtefactKeys(plan.clip_key).reference,
        reference_png(rgb, path, look),
        content_type="image/png",
    )
