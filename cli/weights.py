"""`dropreel weights`: fetch what a model of our own GPUs is loaded from, and look it over."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from cli import show
from cli.errors import WrongUse
from gpu_functions.runner import preparing
from gpu_functions.runner.device import device_of
from gpu_functions.weights.check import check_weights
from gpu_functions.weights.folder import weights_folder
from gpu_functions.weights.pull import named_revisions, pull_weights
from gpu_functions.weights.record import standing
from gpu_functions.worker.tools import WorkerTools
from shared.catalog import ModelRow, find_model, load_catalog
from shared.gpu_jobs.gpu import tiers
from shared.nearest import did_you_mean

weights = typer.Typer(help="Weights of the models on your own GPUs.", no_args_is_help=True)

Model = Annotated[str, typer.Argument(help="As `dropreel models --provider local` shows it.")]


@weights.command()
def pull(
    model: Model,
    to: Annotated[
        Path | None, typer.Option(help="Its folder; weights/MODEL or its base's when left out.")
    ] = None,
    revision: Annotated[
        list[str] | None,
        typer.Option(
            help="COMMIT, or PART=COMMIT for a model of several repositories; the newest one is "
            "taken and recorded when left out."
        ),
    ] = None,
) -> None:
    """Fetch a model's weights; what is there already stays."""
    row = _open_model(model)
    folder = to or weights_folder(Path("weights"), row.id)
    folder.mkdir(parents=True, exist_ok=True)
    record = pull_weights(row, folder, revisions=named_revisions(revision or []), tell=show.step)
    total = sum(record.sizes.values()) / 1e9
    show.console.print(f"{escape(str(folder))}: {len(record.sizes)} files, {total:.1f} GB, whole")


@weights.command()
def check(
    model: Model,
    folder: Annotated[Path, typer.Argument(help="The model's own folder.")],
) -> None:
    """Say what of a folder is missing or damaged; reads sizes and headers only."""
    row = _open_model(model)
    check_weights(row.id, folder)
    said, well = standing(row, folder)
    show.console.print(f"{escape(str(folder))} is whole, {escape(said)}")
    wanted = weights_folder(Path("WEIGHTS"), row.id)
    if folder.resolve().name != wanted.name:
        show.console.print(f"A worker looks for it in {wanted}, WEIGHTS being its `--weights`.")
    if not well:
        raise typer.Exit(1)


@weights.command()
def prepare(
    model: Model,
    folder: Annotated[
        Path, typer.Option("--weights", help="Folder with one folder a model.")
    ] = Path("weights"),
    gpu: Annotated[str, typer.Option(help="Index of the GPU, or `cpu`.")] = "0",
    gpu_class: Annotated[
        str, typer.Option("--class", help="What it is: rtx4090, a100 or h100.")
    ] = "rtx4090",
    size: Annotated[
        list[str] | None,
        typer.Option(help="WIDTHxHEIGHTxFRAMES as generated; the model's usual sizes if left out."),
    ] = None,
) -> None:
    """Compile ahead what a model's clips need, so that no batch waits for it."""
    row = _open_model(model)
    if gpu_class not in tiers():
        raise WrongUse(f"--class {gpu_class}: there is {', '.join(tiers())}.")
    wanted = preparing.sizes_to_prepare(row, size or ())
    check_weights(row.id, weights_folder(folder, row.id))
    models = WorkerTools.of(folder)(device_of(gpu)).models
    for each in preparing.prepare(models, row, gpu_class, wanted):
        show.console.print(
            f"{each.size}, by `{each.recipe}`: first {each.first_sec:.1f} s, "
            f"again {each.again_sec:.1f} s"
        )


def _open_model(word: str) -> ModelRow:
    row = find_model(word)
    local = [each.id for each in load_catalog().models if each.recipes]
    if row is None or not row.recipes:
        guess = did_you_mean(word, local)
        said = f"No model of our own GPUs is called `{word}`. {guess}".rstrip()
        raise WrongUse(f"{said} Known: {', '.join(local)}.")
    return row
