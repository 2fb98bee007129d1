"""What choosing a model came to: who may try, in which order, and why."""

from dataclasses import dataclass
from typing import Any

from shared.catalog.model import CAMERA_MOVE
from shared.catalog.pricing import Quote
from shared.errors import ModelUnavailable, Problem
from shared.routing.policy import Policy

SHOWN = 8
"""Models named one by one in a message; all of them are in `to_dict`."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model on an engine, with its price for this request.

    `score` lies between 0 and 1; `duration_sec` is what to ask for, which may be longer than the
    clip (`may_trim`), and None where the sound decides; `takes_seed`: another seed gives another
    clip; `why` says in sentences what spoke for it; `resolution` is what to ask for, None where
    the model's own is to be taken.
    """

    model: str
    engine: str
    quote: Quote
    quality: float
    score: float
    word: str
    duration_sec: float | None
    takes_seed: bool
    why: tuple[str, ...]
    resolution: str | None = None

    @property
    def key(self) -> str:
        return f"{self.model}@{self.engine}"

    def to_dict(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "engine": self.engine,
            "chosen_by": self.word,
            "duration_sec": self.duration_sec,
            "resolution": self.resolution,
            "quality": self.quality,
            "score": round(self.score, 6),
            "quote": self.quote.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class Rejected:
    """A model that may not try; `engine` is empty where the reasons lie in the model itself.

    `needs` says of each engine that is not there what is to be set for it, where that is known.
    """

    model: str
    engine: str
    reasons: tuple[str, ...]
    needs: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = f" on `{self.engine}`" if self.engine else ""
        return f"`{self.model}`{where}: {'; '.join(each.rstrip('.') for each in self.reasons)}"


@dataclass(frozen=True, slots=True)
class Ranking:
    """Candidates, best first, and everyone who was passed over."""

    route: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    rejected: tuple[Rejected, ...]
    policy: Policy

    @property
    def best(self) -> Candidate | None:
        return self.candidates[0] if self.candidates else None

    def best_or_raise(self) -> Candidate:
        """The best candidate.

        Raises
        ------
        ModelUnavailable : nobody may try; says why of each, what keys are missing, and how to
            accept a camera move.
        """
        if self.candidates:
            return self.candidates[0]
        reasons = "; ".join(str(each) for each in self.rejected[:SHOWN])
        more = len(self.rejected) - SHOWN
        reasons += f"; and {more} more" if more > 0 else ""
        message = f"no model of the route can make this here: {reasons or 'there is none'}."
        hints = [f"What is missing here: {self._needs()}."] if self._needs() else []
        if CAMERA_MOVE not in self.route:
            route = ", ".join(f'"{word}"' for word in (*self.route, CAMERA_MOVE))
            hints.append(f'To accept a plain camera move instead, write "route": [{route}].')
        problem = Problem("route", message, " ".join(hints), "model_unavailable")
        raise ModelUnavailable.because([problem])

    def _needs(self) -> str:
        """What is to be set for the engines that are not there, each said once."""
        return "; ".join(
            dict.fromkeys(need for each in self.rejected[:SHOWN] for need in each.needs)
        )

    def explanation(self, chosen: Candidate | None = None) -> list[str]:
        """Why this model: sentences for the clip's metadata."""
        candidate = chosen or self.best
        passed = [f"Passed over {each}." for each in self.rejected[:SHOWN]]
        if len(self.rejected) > SHOWN:
            passed.append(f"Passed over {len(self.rejected) - SHOWN} more.")
        if candidate is None:
            return ["No model may try.", *passed]
        place = self.candidates.index(candidate)
        earlier = ", ".join(f"`{each.model}`" for each in self.candidates[:place])
        later = ", ".join(f"`{each.model}`" for each in self.candidates[place + 1 :][:SHOWN])
        sentences = list(candidate.why)
        if earlier:
            sentences.append(f"It came after {earlier}.")
        if later:
            sentences.append(f"Next would be {later}.")
        return [*sentences, *passed]

    def to_dict(self) -> dict[str, Any]:
        return {
            "route": list(self.route),
            "candidates": [candidate.to_dict() for candidate in self.candidates],
            "rejected": [
                {"model": each.model, "engine": each.engine, "reasons": list(each.reasons)}
                for each in self.rejected
            ],
            "policy": self.policy.model_dump(mode="json", exclude_defaults=True),
        }
