"""Write a manifest for a folder of keyframes (seed B075).

    python scripts/tools/create_video_manifest.py --keyframes DIR [--output FILE] [--model NAME]

`dropreel manifest` is the same with more settings. Keyframes that have a `.motion.json` keep it.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cli.errors import WrongUse
from scripts.script import FINE, run
from shared.catalog import find_model
from shared.catalog.catalog import load_catalog
from shared.manifest.create import create_manifest
from shared.nearest import did_you_mean

DEFAULT_NAME = "video_generation_manifest.json"


def main(arguments: Sequence[str]) -> int:
    """Make the manifest and say where it is."""
    asked = _parser().parse_args(arguments)
    folder: Path = asked.keyframes
    if not folder.is_dir():
        raise WrongUse(f"There is no folder {folder}.")
    output: Path = asked.output or folder / DEFAULT_NAME
    document = create_manifest(
        folder,
        project_id=asked.project,
        batch_id=asked.batch,
        motion=asked.motion,
        duration_sec=asked.duration,
        model=_known_model(asked.model),
    )
    _name_from(output, folder, document)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(f"{output}: {len(document['keyframes'])} keyframe(s)\n")
    return FINE


def _known_model(name: str | None) -> str | None:
    """The catalogue's id of the model: the manifest then says which one it means."""
    if name is None:
        return None
    row = find_model(name)
    if row is None:
        known = [each.id for each in load_catalog().models]
        hint = did_you_mean(name, known) or f"Known: {', '.join(known)}."
        raise WrongUse(f"There is no model `{name}`. {hint}")
    return row.id


def _name_from(output: Path, folder: Path, document: dict[str, Any]) -> None:
    """Keyframes are named relative to the manifest, which may lie some folders above them."""
    above, below = output.parent.resolve(), folder.resolve()
    if not below.is_relative_to(above):
        # Written elsewhere, to be dropped into the keyframes' folder.
        return
    way = below.relative_to(above)
    for entry in document["keyframes"]:
        entry["image_path"] = (way / entry["image_path"]).as_posix()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--keyframes", type=Path, required=True, help="folder of keyframes")
    parser.add_argument("--output", type=Path, help=f"default: {DEFAULT_NAME} beside them")
    parser.add_argument("--model", help="model for every clip; default: the plain camera move")
    parser.add_argument("--motion", default="zoom_in", help="move where no sidecar says one")
    parser.add_argument("--duration", type=float, default=4.0, help="seconds of every clip")
    parser.add_argument("--project", help="project_id to write")
    parser.add_argument("--batch", help="batch_id to write")
    return parser


if __name__ == "__main__":
    run(main)
