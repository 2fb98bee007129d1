"""A bundle as a CDK asset: our sources over the installed libraries, named by content."""

import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, ILocalBundling
from aws_cdk import aws_lambda as lambda_

from stacks.bundles.libraries import LAMBDA, Target, install, libraries_hash
from stacks.handlers import Bundle
from stacks.settings import Dependencies

ROOT = Path(__file__).parents[2]
PACKAGES = ("lambdas", "shared")
SUFFIXES = frozenset({".py", ".json", ".html", ".css", ".js", ".svg", ".cube", ".txt"})


def source_files() -> Iterator[Path]:
    """Files of ours that a function may read, relative to the repository, in a fixed order."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*")):
            if path.suffix in SUFFIXES and "__pycache__" not in path.parts and path.is_file():
                yield path.relative_to(ROOT)


def source_hash() -> str:
    digest = sha256()
    for path in source_files():
        content = (ROOT / path).read_bytes()
        digest.update(f"{path.as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def copy_sources(folder: Path) -> None:
    for path in source_files():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, folder / path)


def build(bundle: Bundle, folder: Path, target: Target = LAMBDA) -> None:
    """The whole bundle, into an existing folder."""
    shutil.copytree(install(bundle, target), folder, dirs_exist_ok=True)
    copy_sources(folder)


def bundle_code(bundle: Bundle, dependencies: Dependencies) -> lambda_.Code:
    """The code of a bundle's functions.

    The hash is that of what goes in, so a synth whose assets are there already builds nothing.
    With `Dependencies.HOST` there are only sources, and all bundles are the same asset.
    """
    alone = dependencies is Dependencies.HOST
    parts = [source_hash()] if alone else [source_hash(), libraries_hash(bundle, LAMBDA)]
    return lambda_.Code.from_asset(
        str(ROOT),
        asset_hash_type=AssetHashType.CUSTOM,
        asset_hash=sha256("".join(parts).encode()).hexdigest(),
        bundling=BundlingOptions(
            # Named because the library insists; never pulled, since the local way never gives up.
            image=DockerImage.from_registry("unused"),
            local=_LocalBundling(None if alone else bundle),
        ),
    )


@jsii.implements(ILocalBundling)
class _LocalBundling:
    """Builds a bundle in this process; no bundle means sources alone."""

    def __init__(self, bundle: Bundle | None) -> None:
        self._bundle = bundle

    def try_bundle(self, output_dir: str, *_options: Any, **_named: Any) -> bool:
        folder = Path(output_dir)
        if self._bundle is None:
            copy_sources(folder)
        else:
            build(self._bundle, folder)
        return True
