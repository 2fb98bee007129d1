"""Runs a Python program and writes down which of the project's files it read.

`python -m local_cloud.recorded <report> <program>`, in the project's folder. What a synthesis
depends on is thus observed, not listed by hand: the modules it imported, and the data files it
opened. Sources that it only copied (the handlers' code) are left out; `local_cloud.bundles` takes
those fresh every time.
"""

import json
import runpy
import sys
from pathlib import Path
from typing import Any

# Not the project's: what it installs, what it makes, and ourselves.
_OUTSIDE = frozenset(
    {".venv", "venv", "node_modules", ".dropreel", ".git", "__pycache__", "cdk.out", "local_cloud"}
)


def main() -> None:
    """Run the program, then write the paths it depended on as a JSON array."""
    report, program = Path(sys.argv[1]), sys.argv[2]
    project = Path.cwd().resolve()
    opened: set[str] = set()

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str):
            opened.add(arguments[0])

    sys.addaudithook(note)
    sys.path.insert(0, str(project))
    sys.argv = [program]
    runpy.run_path(program, run_name="__main__")

    imported = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    data = {name for name in opened if not name.endswith((".py", ".pyc"))}
    paths = {project / name for name in {program, *data, *filter(None, imported)}}
    report.write_text(json.dumps(sorted(filter(None, (_inside(path, project) for path in paths)))))


def _inside(path: Path, project: Path) -> str | None:
    """The path relative to the project, or nothing if it is not a file of the project."""
    if not path.is_file() or not path.resolve().is_relative_to(project):
        return None
    relative = path.resolve().relative_to(project)
    return None if _OUTSIDE.intersection(relative.parts) else relative.as_posix()


if __name__ == "__main__":
    main()
