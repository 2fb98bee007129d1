"""How the camera gathers and loses speed: one family of curves, a quarter or half turn of a sine.

    s(u)          linear         ease_in          ease_out        ease_in_out
                  u              1 − cos(πu/2)    sin(πu/2)       (1 − cos πu)/2
    peak of s'    1              π/2              π/2             π/2

`u` is the share of the clip's time that has passed, `s` the share of the way that is done. The sine
family is chosen because its three curves share one peak factor, π/2 ≈ 1.571, which is close to the
gentlest a curve that starts or ends at rest can be (smoothstep 1.5, quadratic 2, cubic 3): swapping
one for another never makes a safe clip unsafe.
"""

import math
from collections.abc import Callable

from shared.clip import Easing

_HALF_PI = math.pi / 2

_CURVES: dict[Easing, tuple[Callable[[float], float], Callable[[float], float], float]] = {
    Easing.LINEAR: (lambda u: u, lambda _: 1.0, 1.0),
    Easing.EASE_IN: (
        lambda u: 1 - math.cos(_HALF_PI * u),
        lambda u: _HALF_PI * math.sin(_HALF_PI * u),
        _HALF_PI,
    ),
    Easing.EASE_OUT: (
        lambda u: math.sin(_HALF_PI * u),
        lambda u: _HALF_PI * math.cos(_HALF_PI * u),
        _HALF_PI,
    ),
    Easing.EASE_IN_OUT: (
        lambda u: (1 - math.cos(math.pi * u)) / 2,
        lambda u: _HALF_PI * math.sin(math.pi * u),
        _HALF_PI,
    ),
}


def ease(easing: Easing, u: float) -> float:
    """Share of the way done when the share `u` of the time has passed.

    Parameters
    ----------
    u : share of the clip's time; below 0 the camera has not left, above 1 it has arrived.

    Returns
    -------
    s in [0, 1], exactly 0 at u = 0 and exactly 1 at u = 1, never falling.
    """
    if u <= 0:
        return 0.0
    if u >= 1:
        return 1.0
    return _CURVES[easing][0](u)


def ease_speed(easing: Easing, u: float) -> float:
    """ds/du: the speed at `u` as a multiple of the mean speed; 0 before and after the move."""
    if not 0 <= u <= 1:
        return 0.0
    return _CURVES[easing][1](u)


def peak_factor(easing: Easing) -> float:
    """The highest `ease_speed` of the whole move: peak speed over mean speed (X-13)."""
    return _CURVES[easing][2]
