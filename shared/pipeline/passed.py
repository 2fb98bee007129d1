"""How many states of the workflow a clip has passed: Step Functions bills each.

Every function counts its own state, once a try, and those in which nothing runs but which it leads
to. A clip of n states is billed n + 1 transitions: the last one leads to the end.
"""

from shared.pipeline.step import Step

AFTER = {
    "prepare_clip": 1,  # ChooseStep
    "route_clip": 1,  # ChooseStep
    "finish_clip": 0,
    "inspect_clip": 1,  # JudgeClip
    "publish_clip": 2,  # NotifyClip, the end
    "record_clip_end": 3,  # who says why before it; NotifyClip, the end
}

TO = {
    Step.PLANNED: 2,  # ClipPlanned, the end
    Step.GENERATE: 1,  # Generate
    Step.FINISH: 0,
    Step.HOLD: 0,
}

TRIED_AGAIN = 1
"""TryAgain, which leads from an inspection that failed to RouteClip."""


def passed(function: str, step: Step | None = None, *, failed: bool = False) -> int:
    """Transitions that one try of a function stands for.

    Parameters
    ----------
    function : the stage's name, `prepare_clip`.
    step : where it has sent the clip, if it decides that.
    failed : it raised an error, so that nothing comes after it but what its end counts.
    """
    return 1 if failed else 1 + AFTER[function] + (TO[step] if step else 0)
