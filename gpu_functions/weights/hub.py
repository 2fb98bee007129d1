"""The Hugging Face hub, as far as weights are fetched from it; its client is met only when used."""

import importlib
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from shared.errors import InternalFault, InvalidInput, Transient

MAIN = "main"


class Hub(Protocol):
    """Where repositories of weights are."""

    def newest(self, repository: str) -> str:
        """The commit that the repository's main branch is at now, in 40 hex digits."""
        ...

    def sizes(self, repository: str, revision: str) -> dict[str, int]:
        """Every file of the repository at that commit, and its size in bytes."""
        ...

    def fetch(self, repository: str, revision: str, name: str, folder: Path) -> Path:
        """Bring one file into the folder, at its own path; what is there whole stays."""
        ...


class HuggingFace:
    """The hub itself.

    Parameters
    ----------
    endpoint : another address than the public one, for mirrors and tests.

    Raises
    ------
    InvalidInput : no such repository or commit, or its terms are not accepted yet.
    Transient : the hub is not reached.
    """

    def __init__(self, endpoint: str | None = None) -> None:
        self._api: Any = _client().HfApi(endpoint=endpoint)

    def newest(self, repository: str) -> str:
        """See `Hub.newest`."""
        with _hub_faults(repository, MAIN):
            return str(self._api.model_info(repository, revision=MAIN).sha)

    def sizes(self, repository: str, revision: str) -> dict[str, int]:
        """See `Hub.sizes`."""
        with _hub_faults(repository, revision):
            about = self._api.model_info(repository, revision=revision, files_metadata=True)
        return {each.rfilename: int(each.size or 0) for each in about.siblings}

    def fetch(self, repository: str, revision: str, name: str, folder: Path) -> Path:
        """See `Hub.fetch`."""
        with _hub_faults(repository, revision):
            return Path(
                self._api.hf_hub_download(repository, name, revision=revision, local_dir=folder)
            )


def _client() -> Any:
    try:
        import huggingface_hub  # noqa: PLC0415 - only who fetches weights has it
    except ImportError:
        raise InternalFault(
            "Fetching weights needs the package huggingface_hub: run `make gpu`, "
            "or pip install huggingface_hub."
        ) from None
    return huggingface_hub


def _network_faults() -> tuple[type[Exception], ...]:
    """Of whichever HTTP client the hub's client is built on; its releases differ."""
    there = (name for name in ("httpx", "httpx2") if importlib.util.find_spec(name))
    return tuple(importlib.import_module(name).TransportError for name in there)


@contextmanager
def _hub_faults(repository: str, revision: str) -> Iterator[None]:
    from huggingface_hub import errors  # noqa: PLC0415

    network: tuple[type[Exception], ...] = (
        errors.HfHubHTTPError,
        errors.LocalEntryNotFoundError,
        *_network_faults(),
    )
    try:
        yield
    except errors.GatedRepoError as error:
        raise InvalidInput(
            f"{repository} is behind its owner's terms: accept them on its page at the hub, then "
            "set HF_TOKEN to a token of the account that did."
        ) from error
    except errors.RevisionNotFoundError as error:
        raise InvalidInput(f"{repository} has no commit {revision}.") from error
    except errors.RepositoryNotFoundError as error:
        raise InvalidInput(
            f"The hub shows no repository {repository}: it is gone, or private (HF_TOKEN)."
        ) from error
    except network as error:
        raise Transient(f"{repository} could not be fetched: {str(error)[:300]}") from error
