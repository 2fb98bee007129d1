"""`dropreel review`: clips that failed inspection, their film and frames, and a person's word."""

import getpass
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from cli.books import AsJson, Cloud, Profile, Region, console, open_rows, plain_table, print_json
from cli.drop import read_status
from cli.errors import WrongUse
from cli.target import Account, Target
from shared.clip import ObjectRef
from shared.keys import Folder, held_names
from shared.manifest.names import REVIEW_SUFFIX
from shared.nearest import did_you_mean
from shared.pipeline.approvals import DECIDED_BY
from shared.review import ReviewVerdict, acceptance_rate

NEXT = {
    ReviewVerdict.APPROVE: (
        "{clip} is approved: in a moment the pipeline hands it over as it is, without making it "
        "again. `dropreel watch {batch}` shows when, `dropreel pull {batch}` fetches it."
    ),
    ReviewVerdict.REJECT: (
        "{clip} is rejected: it is not handed over, and its film is taken away. Change its prompt, "
        "move or keyframe and drop the manifest again for another one."
    ),
}
"""What happens after a word."""

Batch = Annotated[str, typer.Argument(help="PROJECT/BATCH")]
Stem = Annotated[str | None, typer.Argument(help="One clip; all that wait when left out.")]


def review(
    batch: Batch,
    stem: Stem = None,
    approve: Annotated[bool, typer.Option("--approve", help="Hand it over all the same.")] = False,
    reject: Annotated[bool, typer.Option("--reject", help="Do not hand it over.")] = False,
    reason: Annotated[str, typer.Option(help="Kept with the clip.")] = "",
    out: Annotated[
        Path | None, typer.Option(help="Where film and frames go; `out/PROJECT/BATCH` unless said.")
    ] = None,
    as_json: AsJson = False,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Show what waits for a person, fetch its film and frames, or say yes or no."""
    folder = _folder(batch)
    target = Cloud.find(Account(profile, region))
    waiting = _waiting(target, folder, stem)
    if approve or reject:
        if approve and reject:
            raise WrongUse("Give one of --approve and --reject.")
        if stem is None:
            raise WrongUse("Name the clip: dropreel review PROJECT/BATCH STEM --approve")
        verdict = ReviewVerdict.APPROVE if approve else ReviewVerdict.REJECT
        _say(target, folder, stem, verdict, reason)
        return
    rate = acceptance_rate(open_rows(profile, region).reviews(folder.project_id))
    if as_json:
        print_json({"waiting": waiting, "acceptance_rate": rate})
        return
    fetched = _fetch(target, folder, waiting, out or Path("out", *folder))
    _show(waiting, fetched, rate, folder)


def _folder(batch: str) -> Folder:
    parts = batch.strip("/").split("/")
    if len(parts) != 2 or not all(parts):
        raise WrongUse(f"`{batch}` is not PROJECT/BATCH, for example my-film/day-1.")
    return Folder(*parts)


def _waiting(target: Target, folder: Folder, stem: str | None) -> list[dict[str, Any]]:
    runs = read_status(target, folder)
    if not runs:
        raise WrongUse(f"Nothing is known of {folder.prefix}: no manifest was dropped there yet.")
    clips = [clip for run in reversed(runs) for clip in run["clips"]]
    found = {clip["stem"]: clip for clip in clips if clip["status"] == "needs_review"}
    if stem is None:
        return list(found.values())
    if stem not in found:
        status = {clip["stem"]: clip["status"] for clip in clips}
        raise WrongUse(_not_waiting(stem, status, found, folder))
    return [found[stem]]


def _not_waiting(
    stem: str, status: Mapping[str, str], found: Collection[str], folder: Folder
) -> str:
    """Why there is nothing to say of a clip, and what there is."""
    said = f"No clip called `{stem}` waits for a review in {folder.prefix}."
    if stem in status:
        return f"{said} It is {status[stem]}."
    guess = did_you_mean(stem, found) or did_you_mean(stem, status)
    return f"{said} {guess}" + (f" Waiting: {', '.join(found)}." if found else "")


def _say(target: Target, folder: Folder, stem: str, verdict: ReviewVerdict, reason: str) -> None:
    """Drop the word, as a person could by hand; the pipeline reads it from there."""
    who = getpass.getuser()
    word = {"verdict": verdict.value, "reason": reason, "by": who}
    target.objects.write(
        target.drop_bucket,
        folder.key(f"{stem}{REVIEW_SUFFIX}"),
        json.dumps(word, ensure_ascii=False).encode(),
        content_type="application/json",
        metadata={DECIDED_BY: who},
    )
    batch = folder.prefix.rstrip("/")
    console.print(NEXT[verdict].format(clip=escape(folder.prefix + stem), batch=escape(batch)))


def _why(clip: dict[str, Any]) -> str:
    """Every check that did not pass, with its limits; of another end than that, the reasons."""
    checks = clip.get("checks", ())
    told = [f"{each['verdict']}  {each['name']}: {each['message']}" for each in checks]
    others = (*clip.get("reasons", ()), *clip.get("warnings", ()))
    messages = tuple(each["message"] for each in checks)
    return "\n".join(
        [*told, *(text for text in others if not (messages and text.endswith(messages)))]
    )


def _fetch(
    target: Target, folder: Folder, clips: list[dict[str, Any]], out: Path
) -> dict[str, list[Path]]:
    """Film and frames of every waiting clip, by its stem."""
    fetched: dict[str, list[Path]] = {}
    for clip in clips:
        for name in held_names(clip["stem"]):
            ref = ObjectRef(bucket=target.drop_bucket, key=folder.key(name))
            if target.objects.head(ref.bucket, ref.key) is not None:
                out.mkdir(parents=True, exist_ok=True)
                target.objects.download(ref, out / name)
                fetched.setdefault(clip["stem"], []).append(out / name)
    return fetched


def _show(
    clips: list[dict[str, Any]],
    fetched: dict[str, list[Path]],
    rate: float | None,
    folder: Folder,
) -> None:
    table = plain_table("clip", "why", "look at")
    for clip in clips:
        files = "\n".join(str(path) for path in fetched.get(clip["stem"], ()))
        table.add_row(escape(clip["stem"]), escape(_why(clip)), escape(files))
    console.print(table if clips else "No clip waits for a review.")
    if clips:
        example = f"dropreel review {folder.prefix.rstrip('/')} {clips[0]['stem']}"
        console.print(f"[dim]{escape(example)} --approve --reason …   or --reject[/]")
    if rate is not None:
        console.print(f"[dim]{rate:.0%} of the reviewed clips of {folder.project_id} approved[/]")
