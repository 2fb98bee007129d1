"""A bundle's libraries, installed without Docker for the machine that will run them.

`uv` unpacks wheels for any platform, so a laptop of any kind builds for Lambda's arm64. What was
installed once is kept under `build/` by the content of the lock file.
"""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp

from stacks.handlers import Bundle

REQUIREMENTS = Path(__file__).parent
CACHE = REQUIREMENTS.parents[1] / "build" / "bundles"
UV = (sys.executable, "-m", "uv")

# Neither needed at run time nor reproducible; licences stay.
TRIMMED_FOLDERS = ("tests", "__pycache__", "bin")
TRIMMED_FILES = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "*.pyc", "*.pyi")


class BundleError(RuntimeError):
    """The libraries could not be installed; the message has the installer's words."""


@dataclass(frozen=True)
class Target:
    """A machine to install for, in uv's words."""

    platform: str
    python: str


# Lambda's Python 3.14 runs on Amazon Linux 2023, whose glibc is 2.34.
LAMBDA = Target("aarch64-manylinux_2_34", "3.14")


def lock_of(bundle: Bundle) -> Path:
    return REQUIREMENTS / f"{bundle}.txt"


def libraries_hash(bundle: Bundle, target: Target) -> str:
    """Names what `install` would give."""
    words = (target.platform, target.python, lock_of(bundle).read_text("utf-8"))
    return sha256("\0".join(words).encode()).hexdigest()


def install(bundle: Bundle, target: Target = LAMBDA, cache: Path = CACHE) -> Path:
    """Folder with the bundle's libraries; the network is asked only the first time.

    Raises
    ------
    BundleError : no wheel for the target, or the registry cannot be reached.
    """
    place = cache / f"{bundle}-{libraries_hash(bundle, target)[:16]}"
    if place.is_dir():
        return place
    cache.mkdir(parents=True, exist_ok=True)
    fresh = Path(mkdtemp(prefix=f".{bundle}-", dir=cache))
    try:
        _install_into(fresh, bundle, target)
        trim(fresh)
        fresh.chmod(0o755)
        fresh.rename(place)
    except OSError:
        if not place.is_dir():  # another synth was quicker: its result is as good
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return place


def _install_into(folder: Path, bundle: Bundle, target: Target) -> None:
    command = [
        *(*UV, "pip", "install", "--quiet", "--no-deps", "--require-hashes"),
        *("--only-binary", ":all:", "--link-mode", "copy"),
        *("--python-platform", target.platform, "--python-version", target.python),
        *("--target", str(folder), "--requirement", str(lock_of(bundle))),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise BundleError(f"bundle {bundle}: cannot install its libraries.\n{done.stderr.strip()}")


def trim(folder: Path) -> None:
    """Remove what no handler reads."""
    for name in TRIMMED_FOLDERS:
        for found in [path for path in folder.rglob(name) if path.is_dir()]:
            shutil.rmtree(found, ignore_errors=True)
    for pattern in TRIMMED_FILES:
        for found in [path for path in folder.rglob(pattern) if path.is_file()]:
            found.unlink()
