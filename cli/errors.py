"""Mistakes of a person at the terminal: said in a sentence, exit code 2."""

from shared.errors import DropreelError


class WrongUse(DropreelError):
    """The command cannot do what was asked of it."""


ALL_DONE, SOME_NOT, WRONG_USE = 0, 1, 2
"""Exit codes."""
