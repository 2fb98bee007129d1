"""What can go wrong between a checkout and a running embedded cloud.

CloudNotReady
├── EmulatorFailed    the emulator did not start, or left
├── SynthFailed       the CDK app did not make its templates
├── DeployFailed      a stack or an asset was refused
└── CloudNotRunning   nobody has started one here, or it is gone
"""

from shared.errors import DropreelError


class CloudNotReady(DropreelError):
    """The embedded cloud cannot be used."""


class EmulatorFailed(CloudNotReady):
    """The emulator did not start, or left."""


class SynthFailed(CloudNotReady):
    """The CDK app did not make its templates."""


class DeployFailed(CloudNotReady):
    """A stack or an asset was refused."""


class CloudNotRunning(CloudNotReady):
    """No embedded cloud runs for this checkout."""


def last_lines(text: str, count: int = 15) -> str:
    """The end of a program's output, where the reason usually is, indented for a message."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return "\n".join(f"    {line}" for line in lines[-count:]) or "    (no output)"
