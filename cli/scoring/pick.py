"""`dropreel pick`: the best picture of each group, ready to be filmed (seed B073).

Pictures and companions are copied, never moved or changed; what is there already stays.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from cli import show
from cli.errors import WrongUse
from cli.scoring.folder import Scored
from cli.scoring.score import AsJson, EmbeddingsFile, Folder, HeadsFile, scores_of, show_problems
from shared.manifest.create import REVIEW_FOLDER
from shared.manifest.names import (
    SIDECAR_EXTENSION,
    comparable,
    find_all_companions_including_video,
    is_image,
    is_sidecar,
    stem_of,
)
from shared.scoring.groups import Group, GroupBy, group_pictures
from shared.whole_file import copy_whole, write_whole

ALL_GOOD, SOME_NOT = 0, 1


@dataclass(frozen=True, slots=True)
class Picked:
    """A group, and its best picture; None where none is good enough or none can be read."""

    group: Group
    best: Scored | None
    why_not: str = ""

    def to_dict(self) -> dict[str, Any]:
        best = self.best.to_dict() if self.best else None
        return {
            "group": self.group.name,
            "candidates": list(self.group.paths),
            "picked": best,
            **({"why_not": self.why_not} if self.why_not else {}),
        }


def pick(
    folder: Folder,
    by: Annotated[
        GroupBy, typer.Option(help="How candidates for one keyframe are told: docs/scoring.md.")
    ] = GroupBy.NAME,
    min_score: Annotated[
        float, typer.Option(min=0, max=1, help="The least `video_viability_score` to pick.")
    ] = 0.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what is picked.")] = False,
    heads: HeadsFile = None,
    embeddings: EmbeddingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Copy the best picture of each group into __video_keyframes/, with a motion sidecar."""
    scored = scores_of(folder, heads, embeddings)
    groups = group_pictures((each.path for each in scored), by)
    picked = [best_of(group, scored, min_score) for group in groups]
    chosen = [each.best.path for each in picked if each.best]
    target = folder / REVIEW_FOLDER
    left = _left_over(target, chosen)
    if chosen and not dry_run:
        put_keyframes(folder, chosen, target)
    if as_json:
        document = {"folder": str(target), "groups": [each.to_dict() for each in picked]}
        print(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        show.console.print(_table(picked))
    show_problems(scored)
    for name in left:
        show.console.print(f"[yellow]![/] {escape(name)} lies there from an earlier pick.")
    if chosen:
        said = "would go" if dry_run else "are"
        show.console.print(f"{len(chosen)} keyframe(s) {said} in {target}", soft_wrap=True)
        show.console.print(f"next     dropreel run {target}", soft_wrap=True)
    raise typer.Exit(ALL_GOOD if all(each.best for each in picked) else SOME_NOT)


def best_of(group: Group, scored: list[Scored], min_score: float) -> Picked:
    """The candidate with the best mean of both scores; the first by name where they are even."""
    candidates = [each for each in scored if each.path in group.paths and each.scores]
    if not candidates:
        return Picked(group, None, "none of them can be read")
    good = [
        each
        for each in candidates
        if each.scores and each.scores.video_viability_score >= min_score
    ]
    if not good:
        best = max(each.scores.video_viability_score for each in candidates if each.scores)
        return Picked(group, None, f"the best animates with {best:.2f}")
    return Picked(group, max(good, key=lambda each: each.scores.overall if each.scores else 0))


def put_keyframes(folder: Path, paths: list[str], target: Path) -> None:
    """Copy pictures with their companions, and give each that has none a static sidecar.

    Raises
    ------
    WrongUse : two pictures would have one stem there, or another file is in the way.
    """
    if target.exists() and not target.is_dir():
        raise WrongUse(f"{target} is a file; the picked keyframes go into a folder of that name.")
    sources = [source for path in paths for source in _with_companions(folder / path)]
    _refuse_clashes(paths, sources, target)
    target.mkdir(exist_ok=True)
    for source in sources:
        if not (target / source.name).exists():
            copy_whole(source, target / source.name)
    for path in paths:
        stem = stem_of(path)
        there = {comparable(each.name) for each in target.iterdir() if is_sidecar(each.name)}
        if comparable(stem + SIDECAR_EXTENSION) in there:
            continue
        sidecar = {"image_path": Path(path).name, "motion": {"type": "static"}}
        text = json.dumps(sidecar, ensure_ascii=False, indent=2) + "\n"
        write_whole(target / (stem + SIDECAR_EXTENSION), text.encode())


def _with_companions(path: Path) -> list[Path]:
    return [path, *find_all_companions_including_video(path)]


def _refuse_clashes(paths: list[str], sources: list[Path], target: Path) -> None:
    stems: dict[str, str] = {}
    for path in paths:
        other = stems.setdefault(comparable(stem_of(path)), path)
        if other != path:
            raise WrongUse(
                f"{other} and {path} are both picked, and would make a clip of the same name. "
                "Rename one of them."
            )
    for source in sources:
        there = target / source.name
        # A sidecar there may have been edited since; everything else is ours to compare.
        if there.exists() and not is_sidecar(source.name) and not _same(source, there):
            raise WrongUse(f"{there} is there already and is another file. Move it away first.")


def _same(source: Path, there: Path) -> bool:
    return there.is_file() and source.read_bytes() == there.read_bytes()


def _left_over(target: Path, chosen: list[str]) -> list[str]:
    """Pictures in the folder that this pick does not choose."""
    if not target.is_dir():
        return []
    stems = {comparable(stem_of(path)) for path in chosen}
    return sorted(
        each.name
        for each in target.iterdir()
        if is_image(each.name) and comparable(stem_of(each.name)) not in stems
    )


def _table(picked: list[Picked]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("group", overflow="fold")
    table.add_column("of", justify="right")
    table.add_column("picked", overflow="fold")
    for heading in ("animates", "looks"):
        table.add_column(heading, justify="right")
    for each in picked:
        scores = each.best.scores if each.best else None
        table.add_row(
            escape(each.group.name),
            str(len(each.group.paths)),
            escape(each.best.path) if each.best else f"[red]none[/]: {each.why_not}",
            f"{scores.video_viability_score:.2f}" if scores else "",
            f"{scores.aesthetic_score:.2f}" if scores else "",
        )
    return table
