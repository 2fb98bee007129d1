"""The emulator's own process: MiniStack, amended, never outliving the program that started it.

Run by `local_cloud.emulator` as `python -m local_cloud.server <scratch folder> <handlers at
once>`, as the leader of its own process group and with a pipe as standard input. The pipe is the
whole protocol: nothing is ever written to it, and when its other end closes, because the parent
asked us to stop or because the parent was killed, the group ends: emulator, warm handlers,
handlers at work.
"""

import os
import shutil
import signal
import sys
import threading
import time
import traceback
from pathlib import Path

GRACE_SEC = 0.5


def _end(scratch: Path) -> None:
    """Delete what handlers left behind, and end every process of the group."""
    shutil.rmtree(scratch, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


def _end_when_parent_leaves(scratch: Path) -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.killpg(0, signal.SIGTERM)
    time.sleep(GRACE_SEC)
    _end(scratch)


def main() -> None:
    scratch, handlers_at_once = Path(sys.argv[1]), int(sys.argv[2])
    # The emulator reads its own command line, and handlers must find their modules in their own
    # bundle: a checkout on their path would hide a file that the bundle forgot.
    del sys.argv[1:]
    os.environ.pop("PYTHONPATH", None)
    threading.Thread(target=_end_when_parent_leaves, args=(scratch,), daemon=True).start()
    try:
        from ministack import app  # noqa: PLC0415 - it reads the environment when imported

        from local_cloud import amendments  # noqa: PLC0415 - after the emulator's own modules

        amendments.apply(handlers_at_once=handlers_at_once)
        app.main()
    except BaseException:  # SystemExit too: the group must end whatever the reason
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    _end(scratch)


if __name__ == "__main__":
    main()
