"""Where embeddings and heads come from: files, or CLIP where torch is installed."""

from collections.abc import Sequence
from pathlib import Path

from cli import show
from cli.errors import WrongUse
from shared.scoring.embeddings import load_embeddings
from shared.scoring.heads import Heads, Vectors, load_heads

CLIP = "openai/clip-vit-base-patch32"
NEEDS_TORCH = (
    "{what} needs torch, which is not installed. `make gpu` adds it; or run this where it is and "
    "bring the file here."
)


def read_heads(path: Path) -> Heads:
    """The trained heads in a file; raises WrongUse or HeadsUnreadable."""
    return load_heads(_bytes(path), path.name)


def embeddings_for(
    folder: Path, paths: Sequence[str], given: Path | None, model: str = CLIP
) -> dict[str, Vectors]:
    """Embeddings of the folder's pictures: from the file that is given, else made by CLIP.

    Raises
    ------
    WrongUse : no such file; or none is given, and CLIP cannot run here.
    """
    if given is not None:
        return load_embeddings(_bytes(given), given.name)
    try:
        from gpu_functions.clip_embedding import ClipEmbedder, ClipUnavailable  # noqa: PLC0415
    except ImportError as error:  # torch, or the whole GPU side
        raise WrongUse(NEEDS_TORCH.format(what="Making embeddings")) from error
    show.step(f"read {len(paths)} picture(s) with {model}")
    try:
        return ClipEmbedder(model).embed_files(folder, paths)
    except ClipUnavailable as error:
        raise WrongUse(str(error)) from error


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise WrongUse(f"There is no file {path}.")
    return path.read_bytes()
