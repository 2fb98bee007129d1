"""`dropreel validate`: what the cloud that `run` would use would say of a folder."""

import json
from pathlib import Path
from typing import Annotated

import typer

from cli import show
from cli.books import AsJson, Profile, Region
from cli.errors import SOME_NOT
from cli.rehearsal import rehearse
from cli.rules import find_rules
from cli.target import Account


def validate(
    folder: Annotated[Path, typer.Argument(help="A folder as it would be dropped.")],
    as_json: AsJson = False,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Check a folder by the rules of the cloud that `run` would use; nothing is made or spent."""
    rehearsal = rehearse(folder, find_rules(Account(profile, region)), with_budget=True)
    runs = rehearsal.documents
    if as_json:
        print(json.dumps({"runs": runs}, ensure_ascii=False, indent=2))
    else:
        show.print_clips(runs)
        if rehearsal.well:
            warned = any(clip.get("warnings") for run in runs for clip in run["clips"])
            fine = "[yellow]nothing is refused; see the warnings[/]"
            show.console.print(fine if warned else "[green]everything is fine[/]")
    if not rehearsal.well:
        raise typer.Exit(SOME_NOT)
