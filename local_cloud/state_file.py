"""Remembers a running cloud in `.dropreel/cloud.json`, for other terminals to find."""

import json
import os
from pathlib import Path

from local_cloud.deploy import Deployment
from local_cloud.emulator import is_healthy
from local_cloud.errors import CloudNotRunning


def state_path(project: Path) -> Path:
    return project / ".dropreel" / "cloud.json"


def remember(project: Path, pid: int, deployment: Deployment) -> None:
    """Write the file whole or not at all, readable by its owner."""
    path = state_path(project)
    path.parent.mkdir(exist_ok=True)
    content = {"endpoint": deployment.endpoint, "pid": pid, "deployment": deployment.to_dict()}
    draft = path.with_suffix(f".{os.getpid()}.new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(content, indent=1))
    draft.replace(path)


def forget(project: Path, pid: int) -> None:
    """Delete the file, if it is still about this emulator."""
    path = state_path(project)
    try:
        if json.loads(path.read_text())["pid"] == pid:
            path.unlink()
    except (OSError, ValueError, KeyError):
        return


def attach(project: Path) -> Deployment:
    """The cloud that runs for this checkout.

    Raises
    ------
    CloudNotRunning
        None does: no file, its process is gone, or nobody answers. A stale file is deleted.
    """
    path = state_path(project)
    try:
        state = json.loads(path.read_text())
        pid, deployment = int(state["pid"]), Deployment(**state["deployment"])
    except FileNotFoundError as error:
        raise CloudNotRunning(
            "No embedded cloud runs for this folder. Start one with `dropreel up`."
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        path.unlink(missing_ok=True)
        raise CloudNotRunning(
            f"{path} was not readable. Start a cloud with `dropreel up`."
        ) from error
    if not (_is_alive(pid) and is_healthy(deployment.endpoint)):
        path.unlink(missing_ok=True)
        raise CloudNotRunning(
            "The embedded cloud of this folder is gone. Start one with `dropreel up`."
        )
    return deployment


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
