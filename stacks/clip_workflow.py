"""One clip's way, run as a child execution of its own: prepare, finish, inspect, publish, tell.

Whatever goes wrong, the clip gets an end that is recorded and told, and the child succeeds: the
batch decides from the recorded ends, not from which children failed.
"""

from collections.abc import Mapping

from stacks.asl import (
    State,
    States,
    choose,
    clip_catches,
    end,
    from_input,
    handler,
    mark,
    notify,
    set_aside,
    wait_for_job,
)

ITEM = ("run", "stem", "index")
MADE = (*ITEM, "clip_key")

FIRST = "PrepareClip"

# A clip that ends before it is planned has no key yet.
FAILED_IF_ANY = (
    "{% $exists($states.input.failed_inspection) ? $states.input.failed_inspection : '' %}"
)
CLIP_KEY_IF_ANY = "{% $exists($states.input.clip_key) ? $states.input.clip_key : '' %}"


def clip_states(timeouts: Mapping[str, int]) -> States:
    """States of one clip, by name.

    Parameters
    ----------
    timeouts : seconds that each function may take, by state name.
    """
    return {
        "PrepareClip": _step(
            "PrepareClip",
            "Decode the keyframe, decide every number of the clip, and open its first attempt.",
            ITEM,
            timeouts,
            then="ChooseStep",
        ),
        "RouteClip": _step(
            "RouteClip",
            "Try the next model of the route, let the camera take over, hold, or give up.",
            MADE,
            timeouts,
            failed_inspection=FAILED_IF_ANY,
            then="ChooseStep",
        ),
        "ChooseStep": choose(
            "A camera move is rendered at once, a dry run is over; else the jobs' rows decide.",
            rules={
                "$states.input.step = 'planned'": "ClipPlanned",
                "$states.input.step = 'generate'": "Generate",
                "$states.input.step = 'finish'": "FinishClip",
            },
            otherwise="HoldClip",
        ),
        "Generate": wait_for_job(
            "Wait for the model; nothing here runs, and nothing is paid twice.",
            then="FinishClip",
            otherwise="RouteClip",
        ),
        "ClipPlanned": end("The plan and its price are written; nothing was spent."),
        "FinishClip": _step(
            "FinishClip",
            "Render, finish and encode the clip into the work bucket.",
            (*MADE, "job_id"),
            timeouts,
            then="InspectClip",
        ),
        "InspectClip": _step(
            "InspectClip",
            "Look at the encoded file as a viewer would.",
            MADE,
            timeouts,
            then="JudgeClip",
        ),
        "JudgeClip": choose(
            "Only a clip that passed, with or without warnings, is handed over.",
            rules={
                "$states.input.verdict in ['pass', 'warn', 'approved']": "PublishClip",
                "$states.input.job_id != ''": "TryAgain",
            },
            otherwise="HoldClip",
        ),
        "TryAgain": mark(
            "Another seed, or another model, may do better; who decides is RouteClip.",
            then="RouteClip",
            failed_inspection="$states.input.job_id",
        ),
        "PublishClip": _step(
            "PublishClip",
            "Copy the clip and its companions into the library.",
            MADE,
            timeouts,
            then="NotifyClip",
        ),
        **_ends(timeouts),
        **_telling(),
    }


def _step(
    state: str,
    comment: str,
    facts: tuple[str, ...],
    timeouts: Mapping[str, int],
    *,
    then: str,
    **more: str,
) -> State:
    return handler(
        state,
        comment,
        payload={**from_input(*facts), **more},
        timeout_sec=timeouts[state],
        then=then,
        catches=clip_catches(),
    )


def _ends(timeouts: Mapping[str, int]) -> States:
    return {
        "RejectClip": mark("The creator can mend it.", then="RecordClipEnd", outcome="'rejected'"),
        "CancelClip": mark("Somebody dropped CANCEL.", then="RecordClipEnd", outcome="'cancelled'"),
        "HoldClip": mark(
            "The clip was made, but a person should look at it first.",
            then="RecordClipEnd",
            outcome="'needs_review'",
            error=(
                "$exists($states.input.error) ? $states.input.error :"
                " $states.input.step = 'hold' ? {'Error': 'JobHeld',"
                " 'Cause': $states.input.reason} : {'Error': 'QualityFailed',"
                " 'Cause': 'The inspection says: ' & $string($states.input.verdict) & '.'}"
            ),
        ),
        "FailClip": mark("It is our fault.", then="RecordClipEnd", outcome="'failed'"),
        "RecordClipEnd": handler(
            "RecordClipEnd",
            "Write down how the clip ended and why.",
            payload={**from_input(*ITEM, "outcome", "error"), "clip_key": CLIP_KEY_IF_ANY},
            timeout_sec=timeouts["RecordClipEnd"],
            then="NotifyClip",
        ),
    }


def _telling() -> States:
    return {
        "NotifyClip": notify(
            "Tell subscribers how the clip ended.", aside="SetAsideClip", then=None, output={}
        ),
        "SetAsideClip": set_aside(
            "Keep the message that could not be delivered.",
            then=None,
            otherwise="ClipEnded",
            output={},
        ),
        "ClipEnded": end("The clip itself has its end; only the message about it is lost."),
    }
