"""`python -m stacks.bundles.lock`: pin each bundle's libraries anew, with the hashes of all wheels.

Locked for every platform at once: the same pins are installed for the functions and for the tests.
"""

import subprocess
from collections.abc import Sequence

from stacks.bundles.libraries import REQUIREMENTS, UV, lock_of
from stacks.handlers import Bundle

OLDEST_PYTHON = "3.11"


def lock(bundle: Bundle, options: Sequence[str] = ()) -> None:
    """Write `<bundle>.txt` from `<bundle>.in`."""
    command = [
        *(*UV, "pip", "compile", "--quiet", "--universal", "--python-version", OLDEST_PYTHON),
        *("--only-binary", ":all:", "--generate-hashes", "--no-header", "--no-annotate"),
        *(*options, f"{bundle}.in", "--output-file", lock_of(bundle).name),
    ]
    subprocess.run(command, cwd=REQUIREMENTS, check=True)  # noqa: S603 - our own arguments


if __name__ == "__main__":
    for each in Bundle:
        lock(each)
