"""`dropreel`: drop folders, follow them, fetch what came out.

Exit codes: 0 all clips finished, 1 some rejected, failed or waiting, 2 wrong use.
"""

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.markup import escape

from cli import show
from cli.drop import all_well, drop, follow, read_status, watch_to_end
from cli.errors import ALL_DONE, SOME_NOT, WRONG_USE, WrongUse
from cli.estimate import estimate
from cli.fake_provider import fake_provider
from cli.folder import read_folder, sound_folder
from cli.inspect import inspect
from cli.jobs import jobs
from cli.library import pull as pull_batch
from cli.models import models
from cli.money import approve, deny, spend
from cli.motion_editor import motion
from cli.progress import live_progress
from cli.project import projects
from cli.review import review
from cli.scoring import label, pick, score, train_scorer
from cli.target import CHECKOUT, Account, Target, find_target, some_target
from cli.validate import validate
from cli.weights import weights
from cli.worker import worker
from local_cloud.cloud import attach, embedded_cloud
from local_cloud.errors import CloudNotRunning
from shared.errors import DropreelError
from shared.keys import Folder
from shared.manifest.create import create_manifest
from shared.manifest.names import CANCEL

app = typer.Typer(
    help="Drop keyframes and a manifest, get finished, checked clips back.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Profile = Annotated[
    str | None, typer.Option(help="AWS profile; without it the embedded cloud is used.")
]
Region = Annotated[str | None, typer.Option(help="AWS region of the deployment.")]
Out = Annotated[Path | None, typer.Option(help="Where the finished files go.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Name = Annotated[str | None, typer.Option(help="Instead of the manifest's or the folder's.")]


def run(
    folder: Annotated[Path, typer.Argument(help="Keyframes, with or without a manifest.")],
    out: Out = None,
    as_json: AsJson = False,
    project: Name = None,
    batch: Name = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Drop a folder, follow it to the end and fetch the result."""
    started = time.monotonic()
    dropping = read_folder(folder, project=project, batch=batch)
    out = _output_folder(out or Path("out", *dropping.batch))
    if dropping.made_manifest:
        show.step("there is no manifest: made one, a gentle zoom for every keyframe")
    with some_target(Account(profile, region), show.step) as target:
        show.step(f"drop {len(dropping.files) + len(dropping.manifests)} files")
        dropped = drop(target, dropping)
        with leaving(target, dropping.batch), live_progress() as update:
            runs = follow(dropped, update)
        files = pull_batch(target, dropping.batch, out)
    show.print_clips(runs)
    show.print_end(runs, out if files else None)
    if as_json:
        _print_json(dropping.batch, runs, out, files, time.monotonic() - started)
    raise typer.Exit(ALL_DONE if all(map(all_well, runs)) else SOME_NOT)


def _print_json(
    batch: Folder, runs: list[dict[str, Any]], out: Path, files: list[Path], wall_sec: float
) -> None:
    document = {
        "batch": {"project_id": batch.project_id, "batch_id": batch.batch_id},
        "runs": runs,
        "out": str(out),
        "files": sorted(path.relative_to(out).as_posix() for path in files),
        "wall_sec": round(wall_sec, 3),
    }
    print(json.dumps(document, ensure_ascii=False, indent=2))


def up(
    port: Annotated[int | None, typer.Option(help="Instead of a free one.")] = None,
) -> None:
    """Keep the embedded cloud running until Ctrl-C; drop files with any S3 client."""
    with suppress(CloudNotRunning):
        raise WrongUse(f"A cloud runs already: {attach(CHECKOUT).endpoint}. Stop it first.")
    with embedded_cloud(CHECKOUT, port=port, shared=True, progress=show.step) as deployment:
        show.console.print(
            f"\nendpoint  {deployment.endpoint}\n"
            f"drop      {deployment.drop_bucket}\n"
            f"library   {deployment.library_bucket}\n\n"
            "Drop files with any S3 client; any credentials will do:\n\n"
            f"  export AWS_ACCESS_KEY_ID={deployment.account} AWS_SECRET_ACCESS_KEY=any "
            f"AWS_DEFAULT_REGION={deployment.region}\n"
            f"  aws --endpoint-url {deployment.endpoint} s3 cp --recursive examples/first-batch "
            f"s3://{deployment.drop_bucket}/my-film/first-batch/\n\n"
            "or in another terminal:  dropreel run FOLDER\n\nCtrl-C stops it.",
            soft_wrap=True,
        )
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            show.step("stopping")


def status(
    batch: Annotated[str | None, typer.Argument(help="PROJECT/BATCH; all when left out.")] = None,
    as_json: AsJson = False,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Show where batches are."""
    target = find_target(Account(profile, region))
    folders = [_batch_folder(batch)] if batch else _folders(target)
    runs = [run for folder in folders for run in read_status(target, folder)]
    if batch and not runs:
        raise WrongUse(f"Nothing is known of {batch}: no manifest was dropped there yet.")
    if as_json:
        print(json.dumps({"runs": runs}, ensure_ascii=False, indent=2))
        return
    if batch:
        show.print_clips(runs)
    show.print_end(runs, None)


def watch(
    batch: Annotated[str, typer.Argument(help="PROJECT/BATCH")],
    as_json: AsJson = False,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Follow a batch to its end; Ctrl-C leaves it running."""
    target = find_target(Account(profile, region))
    folder = _batch_folder(batch)
    if not read_status(target, folder):
        raise WrongUse(f"Nothing is known of {batch}: no manifest was dropped there yet.")
    with leaving(target, folder), live_progress() as update:
        runs = watch_to_end(target, folder, update)
    if as_json:
        print(json.dumps({"runs": runs}, ensure_ascii=False, indent=2))
    else:
        show.print_clips(runs)
        show.print_end(runs, None)
    raise typer.Exit(ALL_DONE if all(map(all_well, runs)) else SOME_NOT)


def cancel(
    batch: Annotated[str, typer.Argument(help="PROJECT/BATCH")],
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Stop a batch: no clip is begun any more, and providers are asked to stop theirs."""
    target = find_target(Account(profile, region))
    folder = _batch_folder(batch)
    going = [run for run in read_status(target, folder) if not run["ended"]]
    if not going:
        raise WrongUse(f"Nothing of {batch} is going on; see `dropreel status {batch}`.")
    target.objects.write(target.drop_bucket, folder.key(CANCEL), b"", content_type="text/plain")
    show.console.print(
        f"CANCEL {escape(batch)}: what is done stays; what a provider is already making may still "
        "be billed, and is kept for the next drop. "
        f"`dropreel watch {escape(batch)}` shows the end.",
        soft_wrap=True,
    )


@contextmanager
def leaving(target: Target, batch: Folder) -> Iterator[None]:
    """Ctrl-C while following leaves the batch running, where its cloud outlives the command."""
    try:
        yield
    except KeyboardInterrupt:
        if not target.passing:
            name = escape(batch.prefix.rstrip("/"))
            show.console.print(
                f"\n{name} goes on. `dropreel watch {name}` follows it again, "
                f"`dropreel cancel {name}` stops it.",
                soft_wrap=True,
            )
        raise


def pull(
    batch: Annotated[str, typer.Argument(help="PROJECT/BATCH")],
    out: Out = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Fetch the finished files of a batch."""
    target = find_target(Account(profile, region))
    folder = _batch_folder(batch)
    where = _output_folder(out or Path("out", *folder))
    files = pull_batch(target, folder, where)
    if not files:
        raise WrongUse(f"The library holds nothing of {batch} yet; see `dropreel status {batch}`.")
    show.console.print(f"{len(files)} files in {where}")


def manifest(
    folder: Annotated[Path, typer.Argument(help="Keyframes and their sidecars.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; `-` for stdout.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Model for every clip.")] = None,
    motion: Annotated[str, typer.Option(help="Move where no sidecar says one.")] = "zoom_in",
    duration: Annotated[float, typer.Option(help="Seconds of every clip.")] = 4.0,
    force: Annotated[bool, typer.Option(help="Write over a manifest that is there.")] = False,
    project: Name = None,
    batch: Name = None,
) -> None:
    """Write a manifest for a folder of keyframes."""
    if not folder.is_dir():
        raise WrongUse(f"There is no folder {folder}.")
    document = create_manifest(
        folder,
        project_id=project,
        batch_id=batch,
        motion=motion,
        duration_sec=duration,
        model=model,
    )
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    path = output or folder / "manifest.json"
    if str(path) == "-":
        sys.stdout.write(text)
        return
    if path.exists() and not force:
        raise WrongUse(f"{path} is there already; --force writes over it, -o names another.")
    path.write_text(text, encoding="utf-8")
    show.console.print(f"{path}: {len(document['keyframes'])} keyframe(s)")


def _output_folder(path: Path) -> Path:
    """Said before the work begins, not after."""
    if path.exists() and not path.is_dir():
        raise WrongUse(f"{path} is a file; name a folder to write into.")
    return path


def _batch_folder(text: str) -> Folder:
    parts = text.strip("/").split("/")
    if len(parts) != 2 or not all(parts):
        raise WrongUse(f"`{text}` is not PROJECT/BATCH, for example my-film/day-1.")
    return sound_folder(*parts)


def _folders(target: Target) -> list[Folder]:
    found = {
        Folder(*ref.key.split("/")[:2])
        for ref in target.objects.list(target.drop_bucket, "")
        if ref.name == "_status.json" and ref.key.count("/") == 2
    }
    return sorted(found)


COMMANDS: dict[str, tuple[Callable[..., None], ...]] = {
    "Clips": (run, validate, status, watch, pull, review, estimate, cancel),
    "Before a drop": (manifest, motion, score, pick, inspect),
    "Money": (approve, deny, spend),
    "Models and machines": (up, models, fake_provider, worker),
    "The scorer": (label, train_scorer),
}
"""All commands, in the order in which somebody who makes clips comes to need them."""

GROUPS = {
    "project": ("Money", projects),
    "jobs": ("Models and machines", jobs),
    "weights": ("Models and machines", weights),
}

for _panel, _commands in COMMANDS.items():
    for _command in _commands:
        app.command(rich_help_panel=_panel)(_command)
for _name, (_panel, _group) in GROUPS.items():
    app.add_typer(_group, name=_name, rich_help_panel=_panel)


def main() -> None:
    """Entry point: a person's mistake is a sentence, never a traceback."""
    for name in ("SIGTERM", "SIGHUP"):  # Windows has no SIGHUP
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _leave)
    try:
        app()
    except DropreelError as error:
        for problem in error.problems:
            _complain(str(problem))
        sys.exit(WRONG_USE)
    except (BotoCoreError, ClientError, OSError) as error:
        _complain(str(error))
        sys.exit(WRONG_USE)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


def _leave(number: int, _frame: object) -> None:
    """Unwind instead of dying on the spot, so that the embedded cloud is stopped and forgotten."""
    sys.exit(128 + number)


def _complain(text: str) -> None:
    show.console.print(f"[red]✗[/] {escape(text)}", soft_wrap=True)


if __name__ == "__main__":
    main()
