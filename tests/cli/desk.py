"""A desk of one's own: the program in a folder where no other cloud runs."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.pipeline.house import SMALL, picture

CHECKOUT = Path(__file__).parents[2]
PROGRAM = ("cli", "lambdas", "local_cloud", "shared", "stacks", "studio", "app.py", "cdk.json")
LIMIT_SEC = 120


@dataclass(frozen=True)
class Desk:
    """Where the program lies; its `.dropreel` is nobody else's."""

    home: Path

    def command(self, *words: str | Path) -> list[str]:
        return [sys.executable, "-m", "cli.main", *map(str, words)]

    def dropreel(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """Run the command to its end."""
        return subprocess.run(
            self.command(*words),
            cwd=self.home,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=LIMIT_SEC,
            check=False,
        )

    def begin(self, *words: str | Path) -> subprocess.Popen[str]:
        """Start the command and let it run."""
        return subprocess.Popen(
            self.command(*words),
            cwd=self.home,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def state_file(self) -> Path:
        return self.home / ".dropreel" / "cloud.json"

    def batch(self, name: str, *, manifest: dict[str, Any] | str | None = None) -> Path:
        """A folder with one good picture, and a manifest that asks for a quick clip."""
        folder = self.home / "folders" / name
        folder.mkdir(parents=True)
        (folder / "a.png").write_bytes(picture())
        if manifest is None:
            manifest = {"defaults": SMALL, "keyframes": [{"image_path": "a.png"}]}
        text = manifest if isinstance(manifest, str) else json.dumps(manifest)
        (folder / "manifest.json").write_text(text)
        return folder


def environment() -> dict[str, str]:
    """A plain terminal: wide, without colours, and with no AWS account at hand."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {**outside, **nowhere, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}


def set_up_desk(home: Path) -> Desk:
    """Copy the program, and the newest templates so that they need not be made again."""
    for name in PROGRAM:
        source = CHECKOUT / name
        if source.is_dir():
            unwanted = shutil.ignore_patterns("__pycache__", "node_modules")
            shutil.copytree(source, home / name, ignore=unwanted)
        elif source.exists():
            shutil.copy(source, home / name)
    for kept in CHECKOUT.glob(".dropreel/cdk.out-*"):
        shutil.copytree(kept, home / ".dropreel" / kept.name)
    return Desk(home)


def is_alive(group: int) -> bool:
    """Does any process of a group still run? A zombie only waits for somebody to count it."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pgid=,stat="], capture_output=True, text=True, check=True
    )
    rows = [line.split() for line in listed.stdout.splitlines()]
    return any(int(pgid) == group and not stat.startswith("Z") for pgid, stat in rows)
