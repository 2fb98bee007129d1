"""`dropreel train-scorer`: both heads from labels, as a file that needs no torch."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import show
from cli.errors import WrongUse
from cli.scoring.embedding import CLIP, NEEDS_TORCH, embeddings_for
from cli.scoring.score import AsJson
from shared.scoring.embeddings import save_embeddings
from shared.scoring.heads import save_heads
from shared.scoring.labels import read_labels
from shared.scoring.training_data import check_labels, training_data
from shared.whole_file import write_whole


def train_scorer(
    labels: Annotated[Path, typer.Argument(help="A filled label file, from `dropreel label`.")],
    embeddings: Annotated[
        Path | None, typer.Option(help="Embeddings of its pictures, instead of making them.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.")] = Path(
        "heads.npz"
    ),
    seed: Annotated[int, typer.Option(help="The same seed gives the same heads.")] = 1,
    clip: Annotated[
        str, typer.Option(help="CLIP ViT-B/32: a folder, or a name on the Hub.")
    ] = CLIP,
    as_json: AsJson = False,
) -> None:
    """Train the aesthetic and the viability head on labels (needs `make gpu`)."""
    if not labels.is_file():
        raise WrongUse(f"There is no file {labels}.")
    said = read_labels(labels.read_bytes(), labels.name)
    check_labels(said)
    paths = [each.image_path for each in said if each.said]
    vectors = embeddings_for(labels.parent, paths, embeddings, clip)
    if embeddings is None:
        made = labels.with_name("embeddings.npz")
        write_whole(made, save_embeddings(vectors))
        show.step(f"kept the embeddings in {made}")
    data = training_data(said, vectors)
    try:
        from gpu_functions.scorer_training import train_heads  # noqa: PLC0415
    except ImportError as error:  # torch, or the whole GPU side
        raise WrongUse(NEEDS_TORCH.format(what="Training")) from error
    heads = train_heads(data, seed=seed)
    write_whole(output, save_heads(heads))
    report = dict(heads.about)
    if as_json:
        print(json.dumps({"heads": str(output), **report}, ensure_ascii=False, indent=2))
    else:
        _print(report)
        show.console.print(f"heads    {output}", soft_wrap=True)


def _print(report: dict[str, Any]) -> None:
    show.console.print(
        f"{report['pictures']} pictures of {report['groups']} groups, of which "
        f"{report['held_out']} were held out and never learned from:"
    )
    for head, rows in report["agreement"].items():
        parts = ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in rows.items())
        show.console.print(f"  {head:10} {parts}")
    for each in report["calibration_bins"]:
        show.console.print(
            f"  [dim]viability said {each['score']:.2f}, was {each['label']:.2f} "
            f"({each['count']} pictures)[/]"
        )
