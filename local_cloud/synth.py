"""Makes the CloudFormation templates, once for each state of what they are made from.

A synthesis takes many seconds, so its result is kept under `.dropreel/` with the list of files it
was made from, and used again for as long as those, the context and the libraries are what they
were.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from local_cloud.errors import SynthFailed, last_lines

APP = "app.py"
STAGE = "local"
SYNTH_LIMIT_SEC = 300
KEPT = 3

_LIBRARIES = ("aws-cdk-lib", "cdk-nag", "constructs", "jsii")
_INPUTS = "dropreel-inputs.json"
_PREFIX = "cdk.out-"


def synthesise(project: Path, *, stage: str = STAGE) -> Path:
    """The project's cloud assembly for a stage: a kept one if nothing changed, else a new one.

    Raises
    ------
    SynthFailed
        The app ended with an error; the message ends with its last lines.
    """
    context = stage_context(project, stage)
    kept = cached_assembly(project, stage=stage)
    if kept:
        os.utime(kept)  # the least recently used goes first
        return kept
    home = project / ".dropreel"
    home.mkdir(exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix="synth-", dir=home))
    try:
        files = _run_app(project, made, context)
        inputs = json.dumps(_inputs(project, context, files), indent=1, sort_keys=True)
        (made / _INPUTS).write_text(inputs)
        kept = home / f"{_PREFIX}{hashlib.sha256(inputs.encode()).hexdigest()[:16]}"
        shutil.rmtree(kept, ignore_errors=True)
        made.rename(kept)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    for old in _newest_first(home)[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
    return kept


def cached_assembly(project: Path, *, stage: str = STAGE) -> Path | None:
    """The kept assembly that a new synthesis would make again, if there is one."""
    context = stage_context(project, stage)
    for folder in _newest_first(project / ".dropreel"):
        try:
            then = json.loads((folder / _INPUTS).read_text())
        except (OSError, ValueError):
            continue
        if then == _inputs(project, context, list(then["files"])):
            return folder
    return None


def _newest_first(home: Path) -> list[Path]:
    return sorted(home.glob(f"{_PREFIX}*"), key=lambda folder: folder.stat().st_mtime, reverse=True)


def stage_context(project: Path, stage: str) -> dict[str, Any]:
    """What `cdk synth --context stage=…` would hand to the app."""
    settings = _read_json(project / "cdk.json").get("context", {})
    looked_up = _read_json(project / "cdk.context.json")
    return {**looked_up, **settings, "stage": stage}


def _read_json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    return content


def _inputs(project: Path, context: dict[str, Any], files: list[str]) -> dict[str, Any]:
    return {
        "context": context,
        "versions": {"python": sys.version, **{name: _version(name) for name in _LIBRARIES}},
        "files": {file: _digest(project / file) for file in files},
    }


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "gone"


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "absent"


def _run_app(project: Path, output: Path, context: dict[str, Any]) -> list[str]:
    """Run the app as the CDK CLI does: the environment says where to write, and the context."""
    report = output / "read-files.json"
    # An account that is logged in here must not leak into the templates.
    outside = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))
    }
    try:
        run = subprocess.run(  # noqa: S603 - our own program, our own arguments
            [sys.executable, "-m", "local_cloud.recorded", str(report), APP],
            cwd=project,
            env={
                **outside,
                "CDK_OUTDIR": str(output),
                "CDK_CONTEXT_JSON": json.dumps(context),
                "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
            },
            capture_output=True,
            text=True,
            timeout=SYNTH_LIMIT_SEC,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SynthFailed(f"The templates were not made within {SYNTH_LIMIT_SEC} s.") from error
    if run.returncode or not (output / "manifest.json").is_file():
        raise SynthFailed(
            f"The templates could not be made: {APP} said\n{last_lines(run.stdout + run.stderr)}"
        )
    files: list[str] = json.loads(report.read_text())
    report.unlink()
    return files
