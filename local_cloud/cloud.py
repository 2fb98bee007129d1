"""The embedded cloud as one thing: started, synthesised and deployed for the time of a block."""

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local_cloud.deploy import Deployment, Progress, deploy
from local_cloud.emulator import running_emulator
from local_cloud.keys import keep_keys
from local_cloud.sessions import session_for
from local_cloud.state_file import attach, forget, remember
from local_cloud.synth import cached_assembly, synthesise

__all__ = ["attach", "embedded_cloud", "session_for"]


@contextlib.contextmanager
def embedded_cloud(
    project: Path,
    *,
    wait_scale: float = 1.0,
    port: int | None = None,
    handlers_at_once: int | None = None,
    enforce_rights: bool = False,
    shared: bool = False,
    progress: Progress = lambda _: None,
) -> Iterator[Deployment]:
    """The project's whole system, running on this machine for the time of the block.

    Parameters
    ----------
    project : the checkout: the folder of `app.py`.
    wait_scale : factor on the state machine's waits and retry pauses; 0 skips them.
    port, handlers_at_once, enforce_rights : see `running_emulator`.
    shared : let other terminals find it by `attach(project)`.
    progress : is told each step, in a few words.

    Raises
    ------
    CloudNotReady
        One of its kinds, see `local_cloud.errors`.
    """
    project = project.resolve()
    if not cached_assembly(project):
        progress("make the templates (once; half a minute)")
    with (
        ThreadPoolExecutor(1) as aside,
        contextlib.ExitStack() as running,
    ):
        # The slow part first, beside the start of the emulator.
        templates = aside.submit(synthesise, project)
        progress("start the embedded cloud")
        emulator = running.enter_context(
            running_emulator(
                project / ".dropreel",
                port=port,
                wait_scale=wait_scale,
                handlers_at_once=handlers_at_once,
                enforce_rights=enforce_rights,
            )
        )
        deployment = deploy(
            templates.result(), session_for(emulator.endpoint), project=project, progress=progress
        )
        keep_keys(session_for(emulator.endpoint), project)
        if shared:
            remember(project, emulator.pid, deployment)
            running.callback(forget, project, emulator.pid)
        yield deployment
