"""`dropreel score`: how good the pictures of a folder are, and how well they will animate."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from cli import show
from cli.errors import WrongUse
from cli.scoring.embedding import embeddings_for, read_heads
from cli.scoring.folder import Scored, pictures_of, score_folder
from shared.scoring.document import Reason
from shared.whole_file import write_whole

SCORES_NAME = "_scores.json"
ALL_SCORED, SOME_NOT = 0, 1

Folder = Annotated[Path, typer.Argument(help="A folder of pictures.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
HeadsFile = Annotated[
    Path | None, typer.Option("--heads", help="Trained heads, from `dropreel train-scorer`.")
]
EmbeddingsFile = Annotated[
    Path | None, typer.Option("--embeddings", help="Embeddings, instead of making them.")
]


def score(
    folder: Folder,
    write: Annotated[
        bool, typer.Option("--write", help=f"Also write {SCORES_NAME} into the folder.")
    ] = False,
    heads: HeadsFile = None,
    embeddings: EmbeddingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Score keyframes: how they look, and how well they will animate."""
    scored = scores_of(folder, heads, embeddings)
    document = scores_document(scored)
    if write:
        text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
        write_whole(folder / SCORES_NAME, text.encode())
    if as_json:
        print(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        show.console.print(scores_table(scored))
    show_problems(scored)
    if write:
        show.console.print(f"{folder / SCORES_NAME}: {len(scored)} picture(s)")
    raise typer.Exit(ALL_SCORED if all(each.scores for each in scored) else SOME_NOT)


def scores_of(folder: Path, heads: Path | None, embeddings: Path | None) -> list[Scored]:
    """Scores of every picture of the folder, by the heads where they are given."""
    if embeddings and not heads:
        raise WrongUse("--embeddings are read by trained heads; give --heads too.")
    paths = pictures_of(folder)
    if heads is None:
        return score_folder(folder, paths)
    trained = read_heads(heads)
    return score_folder(folder, paths, trained, embeddings_for(folder, paths, embeddings))


def scores_document(scored: list[Scored]) -> dict[str, Any]:
    """What `--json` prints and `--write` writes."""
    return {"schema_version": "1", "pictures": [each.to_dict() for each in scored]}


def scores_table(scored: list[Scored]) -> Table:
    """The best first, each with what moved its viability most."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("picture", overflow="fold")
    for heading in ("animates", "looks"):
        table.add_column(heading, justify="right")
    table.add_column("what moved it most", overflow="fold")
    good = [(each.path, each.scores) for each in scored if each.scores]
    for path, scores in sorted(good, key=lambda pair: -pair[1].overall):
        table.add_row(
            escape(path),
            f"{scores.video_viability_score:.2f}",
            f"{scores.aesthetic_score:.2f}",
            ", ".join(map(_words, scores.why_viability)),
        )
    return table


def show_problems(scored: list[Scored]) -> None:
    for each in scored:
        if each.scores is None:
            show.console.print(f"[red]✗[/] {escape(each.problem)}", soft_wrap=True)


def _words(reason: Reason) -> str:
    colour = "green" if reason.effect >= 0 else "red"
    return f"{escape(reason.words)} [{colour}]{reason.effect:+.2f}[/]"
