"""What every script here shares: a person's mistake is a sentence and exit code 2."""

import sys
from collections.abc import Callable, Sequence

from shared.errors import DropreelError

FINE, NOT_ALL_FINE, WRONG_USE = 0, 1, 2


def run(main: Callable[[Sequence[str]], int]) -> None:
    """Run `main` on the command line's arguments and leave with its exit code."""
    try:
        code = main(sys.argv[1:])
    except DropreelError as error:
        for problem in error.problems:
            sys.stderr.write(f"✗ {problem}\n")
        code = WRONG_USE
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
