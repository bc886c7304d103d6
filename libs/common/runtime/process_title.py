"""Gives a forked process a command line of its own, so that `ps` and `pgrep -f` tell processes apart."""

import ctypes
from collections.abc import Sequence
from pathlib import Path

# `proc(5)`, stat: the 48th and 49th fields bound the arguments in memory; the first two end with a bracket.
_ARG_START, _ARG_END = 48 - 3, 49 - 3

# As many characters as a command line may get later; a process that will fork is started with these as an argument.
ROOM = "." * 240


def set_command_line(arguments: Sequence[str]) -> None:
    """Show these arguments from now on, as far as there is room for them; nothing happens where it cannot be done."""
    try:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        start, end = int(fields[_ARG_START]), int(fields[_ARG_END])
    except (OSError, IndexError, ValueError):
        return
    if not 2 < end - start < 65_536:
        return
    text = " ".join(arguments).encode()[: end - start - 2]
    # Linux reads past a last byte that is not zero, up to the first that is: such a line ends where its text ends.
    ctypes.memmove(start, text.ljust(end - start - 1, b"\0") + b"\1", end - start)
