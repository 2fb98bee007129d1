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

OWN_GPUS = {
    # a batch waits in line for one box
    "worker": timedelta(hours=24),
    # Modal queues too, and a large model takes half an hour
    "modal": timedelta(hours=3),
}
"""Engines that are our own: nobody's clock but ours runs, so a line is no reason to give up."""

RESCUE = timedelta(hours=6)


def deadline_for(operation: Operation, engine: str = "") -> timedelta:
    return OWN_GPUS.get(engine) or DEADLINES.get(operation, timedelta(minutes=20))
