"""What a provider's adapter is: a declaration, and pure functions from requests to calls and back.

An adapter never touches the network, the clock or a secret. It says which call to send
(`submit`, `poll`, `cancel`, `lookup`, `result`) and what an answer means (`read_submit`,
`read_poll`, `read_lookup`). `shared.providers.provider.Provider` does the rest for all of them.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar
from urllib.parse import quote

from shared.clip import Operation
from shared.errors import DropreelError, InvalidInput
from shared.jobs.outcome import Reading, SubmitReading
from shared.jobs.request import MediaInput, VideoRequest
from shared.providers.auth import Auth
from shared.providers.call import Answer, Call


class RequestNotPossible(InvalidInput):
    """The model has no way to take what is asked: refused before anything is sent."""


class ProviderNotConfigured(InvalidInput):
    """The provider cannot be used in this deployment: a key or setting is missing."""


class ProviderRetired(DropreelError):
    """The provider no longer sells this, or cannot be used by the jobs engine."""


class Transport(StrEnum):
    """How an input file travels to a provider."""

    URL = "url"
    DATA_URI = "data_uri"
    UPLOAD = "upload"
    BARE_BASE64 = "bare_base64"
    BYTES = "bytes"


class WebhookScheme(StrEnum):
    """How a provider signs its webhooks; `UNSIGNED` rests on our own token in the address."""

    WAVESPEED = "wavespeed"
    STANDARD = "standard"
    FAL = "fal"
    TIMESTAMPED = "timestamped"
    UNSIGNED = "unsigned"


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Seconds between two looks at a job: the first, what each next is multiplied by, the last."""

    first_sec: float = 5.0
    growth: float = 1.3
    most_sec: float = 30.0

    def delay_sec(self, polls: int) -> float:
        """The wait after `polls` looks."""
        return float(min(self.most_sec, self.first_sec * self.growth ** min(max(polls, 0), 40)))


@dataclass(frozen=True, kw_only=True)
class RateHint:
    """What the lowest paying tier allows; deployments raise it by settings."""

    concurrent: int
    per_minute: int


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What is fixed about a provider.

    Parameters
    ----------
    transports : ways to hand over a file, best first.
    inline_limit_bytes : largest file that may travel inside the request.
    result_hosts : where results may lie; a leading dot means "and everything below".
    result_auth_hosts : result hosts that want the provider's key as well.
    result_ttl_sec : how long the address of a result is good; None when nobody says.
    settings : further settings that must be there, such as a cloud project.
    """

    name: str
    base_url: str
    auth: Auth
    transports: tuple[Transport, ...]
    result_hosts: tuple[str, ...]
    rate: RateHint
    pace: Pace = Pace()
    webhook: WebhookScheme | None = None
    cancels: bool = False
    looks_up: bool = False
    inline_limit_bytes: int = 10 * 1024 * 1024
    result_auth_hosts: tuple[str, ...] = ()
    result_ttl_sec: int | None = None
    settings: tuple[str, ...] = ()
    note: str = ""

    @property
    def base_url_setting(self) -> str:
        """Name of the setting that replaces `base_url`, for example `WAVESPEED_BASE_URL`."""
        return f"{self.name.upper()}_BASE_URL"

    def wants_bytes(self, item: MediaInput) -> bool:
        """Must `item.data` be filled for this provider?"""
        return self.transports[0] is not Transport.URL or item.url is None


@dataclass(frozen=True, kw_only=True)
class JobContext:
    """What an adapter must know beside the request.

    `model` is the provider's own name of the model; `reference` is our job id, sent along where the
    provider has a place for it; `uploaded` says under which address each upload can be named.
    """

    base_url: str
    model: str
    reference: str
    callback_url: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    uploaded: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class JobRef:
    """A job that the provider knows, as far as its adapter must know it."""

    job_id: str
    model: str
    base_url: str
    reference: str = ""
    operation: Operation = Operation.IMAGE_TO_VIDEO
    poll_url: str = ""
    cancel_url: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def path_id(self) -> str:
        """The id as one step of a path; it is the provider's text, so it is escaped."""
        return quote(self.job_id, safe="").replace("..", "%2E%2E")


class Upload(ABC):
    """A file that must lie at the provider before the job is sent. Free, so it may be repeated."""

    field_name: str

    @abstractmethod
    def start(self) -> Call:
        """Ask for a place."""

    @abstractmethod
    def send(self, answer: Answer) -> Call | None:
        """Put the file there; None when the answer cannot be read."""

    @abstractmethod
    def address(self, answer: Answer) -> str | None:
        """What the request calls the file, from the answer to `start`."""


class Adapter(ABC):
    """One provider. All methods are pure; the `read_*` methods never raise."""

    declaration: ClassVar[Declaration]

    @abstractmethod
    def submit(self, request: VideoRequest, context: JobContext) -> Call:
        """The one call that starts (and costs) a job.

        Raises
        ------
        RequestNotPossible : the model cannot be asked that.
        """

    @abstractmethod
    def read_submit(self, answer: Answer) -> SubmitReading:
        """Accepted, refused, or nobody can say."""

    @abstractmethod
    def poll(self, job: JobRef) -> Call:
        """How to ask after a job."""

    @abstractmethod
    def read_poll(
        self, answer: Answer, job: JobRef, before: Sequence[Answer] = ()
    ) -> Reading | Call:
        """What the answer says, or the next call that is needed to know it.

        `before` holds the answers of the same look that led here, so a provider that keeps the
        result elsewhere answers with one more call first.
        """

    def uploads(self, request: VideoRequest, context: JobContext) -> Sequence[Upload]:
        """Files that must be uploaded first."""
        del request, context
        return ()

    def cancel(self, job: JobRef) -> Call | None:
        """How to stop a job; None when the provider has no way."""
        del job
        return None

    def lookup(self, job: JobRef) -> Call | None:
        """How to ask whether our reference was ever accepted; None when that cannot be asked."""
        del job
        return None

    def read_lookup(self, answer: Answer) -> SubmitReading | None:
        """What that answer says; None when it says nothing."""
        del answer
        return None

    def result(self, job: JobRef, output: str) -> Call | None:
        """How to get an output that is no plain address; None when it is one."""
        del job, output
        return None

    def read_result(self, answer: Answer, output: str) -> bytes | None:
        """The file in that answer."""
        del answer, output
        return None

    def challenge_reply(self, body: object) -> dict[str, str] | None:
        """What to answer to a callback that only asks whether somebody listens; else None."""
        del body
        return None

    def hinted_job(self, body: object) -> str | None:
        """The provider's job id in a webhook's JSON."""
        del body
        return None
