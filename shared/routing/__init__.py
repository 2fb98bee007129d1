"""Which model makes a clip: filter, rank, try, and fall back only when it is safe."""

from shared.routing.fallback import QUALITY_FAILED, Move, NextStep, next_candidate
from shared.routing.policy import Policy, Privacy
from shared.routing.presets import DEFAULT_PRESET, Preset, find_preset, presets
from shared.routing.rank import rank
from shared.routing.ranking import Candidate, Ranking, Rejected

__all__ = [
    "DEFAULT_PRESET",
    "QUALITY_FAILED",
    "Candidate",
    "Move",
    "NextStep",
    "Policy",
    "Preset",
    "Privacy",
    "Ranking",
    "Rejected",
    "find_preset",
    "next_candidate",
    "presets",
    "rank",
]
