"""What every fake vendor has in common: how a submit and a look go, faults included."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from shared.providers.call import reach
from shared.providers.fake.world import FakeJob, Stand, Wanted, World


class Wire(StrEnum):
    """What happens to the connection instead of an orderly answer."""

    DROP = "drop"
    HANG = "hang"
    HUGE = "huge"
    DRIP = "drip"


@dataclass(frozen=True)
class Reply:
    """An answer: JSON, or bytes as they are."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """A request, its vendor's prefix taken off. `root` is the server, `base` the vendor on it."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    root: str
    base: str

    @property
    def document(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def at(self, *path: str | int) -> Any:
        return reach(self.document, *path)

    @property
    def steps(self) -> list[str]:
        return self.path.strip("/").split("/")


Response = Reply | Wire

HALF = b'{"id": "cut of'


class FakeVendor(ABC):
    """One vendor's paths, words and billing."""

    name: ClassVar[str]
    charged_when: ClassVar[frozenset[Stand]] = frozenset({Stand.SUCCEEDED})
    unsigned_paths: ClassVar[tuple[str, ...]] = ()

    def __init__(self, world: World) -> None:
        self.world = world
        world.charged_when[self.name] = self.charged_when

    @abstractmethod
    def handle(self, request: Request) -> Response | None:
        """The answer; None for a path that the vendor does not have."""

    def authorised(self, request: Request) -> bool:
        """Does the request carry a key in this vendor's way? `wrong` is a key that is not."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        return scheme == "Bearer" and key not in {"", "wrong"}

    def unauthorised(self) -> Reply:
        return Reply(401, {"message": "Invalid API key"})

    @abstractmethod
    def accepted(self, job: FakeJob, request: Request) -> Reply: ...

    @abstractmethod
    def shown(self, job: FakeJob, stand: Stand, request: Request) -> Reply:
        """What a look sees."""

    def throttled(self) -> Reply:
        return Reply(429, {"message": "Rate limit exceeded"}, {"Retry-After": "2"})

    def broke(self) -> Reply:
        return Reply(402, {"message": "Insufficient credits"})

    def unsafe(self) -> Reply:
        return Reply(400, {"message": "The input violates our content policy"})

    def odd(self, job: FakeJob, request: Request) -> Reply:
        """A look that sees a word nobody has documented."""
        shown = self.shown(job, Stand.RUNNING, request)
        return Reply(shown.status, _replaced(shown.body), shown.headers)

    def webhook(self, job: FakeJob, stand: Stand, root: str) -> tuple[Any, Any] | None:
        """The body of the webhook, and what signs its bytes; None when the vendor sends none."""
        del job, stand, root
        return None

    def take(self, request: Request, wanted: Wanted) -> Response:
        """A submit."""
        faults = self.world.draw()
        before: dict[str, Response] = {
            "429": self.throttled(),
            "low-balance": self.broke(),
            "500": Reply(500, {"message": "Internal error"}),
            "refused": self.unsafe(),
            "drop-before-accept": Wire.DROP,
            "hang-before-accept": Wire.HANG,
        }
        for fault, response in before.items():
            if fault in faults:
                return response
        job = self.world.accept(self.name, wanted, faults, request.document)
        after: dict[str, Response] = {
            "500-after-accept": Reply(500, {"message": "Internal error"}),
            "drop-after-accept": Wire.DROP,
            "hang-after-accept": Wire.HANG,
            "drip-after-accept": Wire.DRIP,
            "malformed-after-accept": Reply(200, HALF),
            "huge-after-accept": Wire.HUGE,
        }
        for fault, response in after.items():
            if fault in faults:
                return response
        return self.accepted(job, request)

    def look(self, request: Request, job: FakeJob | None) -> Response:
        """A poll."""
        if job is None:
            return Reply(404, {"message": "Not found"})
        looks = self.world.look(job)
        first: dict[str, Response] = {
            "poll-429": self.throttled(),
            "poll-500": Reply(500, {"message": "Internal error"}),
            "poll-malformed": Reply(200, HALF),
            "poll-huge": Wire.HUGE,
            "poll-hang": Wire.HANG,
        }
        for fault, response in first.items():
            if looks == 1 and fault in job.faults:
                return response
        if "unknown-status" in job.faults and looks <= 2:
            return self.odd(job, request)
        return self.shown(job, job.stand(self.world.now()), request)

    def file(self, job: FakeJob, root: str) -> str:
        """A fresh address of the job's file, as this vendor would give it out."""
        job.addresses += 1
        if "foreign-host" in job.faults:
            return f"https://files.example.net/{job.id}.mp4"
        return f"{root}/_files/{job.id}.mp4?number={job.addresses}"

    def files(self, job: FakeJob, root: str) -> list[str]:
        return [] if "empty" in job.faults else [self.file(job, root)]


WORDS = {"status", "task_status", "state"}


def _replaced(document: Any) -> Any:
    """The document with every status replaced by a word that nobody knows."""
    if isinstance(document, dict):
        return {
            name: "REIMAGINING" if name in WORDS else _replaced(value)
            for name, value in document.items()
        }
    return document


def lines_of(text: object, otherwise: int = 480) -> int:
    """`720p`, `1280:720` or `768P` as lines."""
    numbers = [int(part) for part in "".join(c if c.isdigit() else " " for c in str(text)).split()]
    return min(max(min(numbers, default=otherwise), 64), 2160)


def seconds_of(value: object, otherwise: float = 5.0) -> float:
    """`5`, `"5"` or `"5s"` as seconds; 0 is as long as the sound."""
    try:
        seconds = float(str(value).rstrip("s"))
        return 0.0 if seconds == 0 else min(max(seconds, 0.5), 60.0)
    except ValueError:
        return otherwise
