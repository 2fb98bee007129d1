"""How long each kind of job is waited for, and for how much longer it is watched."""

from datetime import timedelta

from shared.clip import Operation

DEADLINES = {
    Operation.IMAGE_TO_VIDEO: timedelta(minutes=20),
    Operation.TEXT_TO_VIDEO: timedelta(minutes=20),
    Operation.SCENE_ANIMATION: timedelta(minutes=20),
    # a talking portrait takes its provider 10–30 s for every second of sound
    Operation.TALKING_AVATAR: timedelta(minutes=60),
}
"""The seed's 240 s and 600 s (C22, C29) are what users waited in a browser; a batch has more time,
and giving up early on a paid job is the dearest mistake there is."""

RESCUE = timedelta(hours=6)


def deadline_for(operation: Operation) -> timedelta:
    return DEADLINES.get(operation, timedelta(minutes=20))
