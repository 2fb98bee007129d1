"""`dropreel motion`: the motion editor over a folder of keyframes, writing sidecars beside them.

folder   what the editor may see and write
server   the folder over HTTP, to this machine's browser alone
"""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from cli import show
from cli.motion_editor.folder import open_folder
from cli.motion_editor.server import EditorServer


def motion(
    folder: Annotated[Path, typer.Argument(help="Keyframes, with or without sidecars.")],
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only print the address.")
    ] = False,
) -> None:
    """Edit camera moves in the browser; each is saved beside its keyframe."""
    edit(folder, open_browser=not no_browser)


def edit(folder: Path, *, open_browser: bool) -> None:
    """Serve the editor until Ctrl-C.

    Raises
    ------
    WrongUse, InvalidInput : there is no such folder, or no keyframes that can be told apart in it.
    """
    keyframes = open_folder(folder)
    with EditorServer(keyframes) as server:
        show.console.print(
            f"{len(keyframes.keyframes())} keyframe(s) of {keyframes.name}\n\n"
            f"  {server.address}\n\n"
            "The address works in browsers on this machine only. Ctrl-C stops.",
            soft_wrap=True,
            markup=False,
        )
        if open_browser:
            webbrowser.open(server.address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            show.step("stopping")
