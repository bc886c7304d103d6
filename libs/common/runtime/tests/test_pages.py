"""Pages of programs and libraries are given back, at the start and whenever a process rests after work."""

import asyncio
import subprocess
import sys

from libs.common.runtime.commands.pages import give_pages_back_at_rest, unchanged_files

_GIVE_BACK = """
import decimal, ssl
from libs.common.runtime.commands.pages import give_pages_back
def resident():
    return sum(int(line.split()[1]) for line in open("/proc/self/smaps") if line.startswith("Rss:"))
before = resident()
give_pages_back()
after = resident()
print(before - after, decimal.Decimal(1) / 3, len(ssl.create_default_context().get_ciphers()) > 0)
"""

# 16 MiB in pieces that are freed but for each sixteenth, so that the heap cannot shrink from its end.
_FREE = """
import ctypes
from libs.common.runtime.commands.pages import give_pages_back
library = ctypes.CDLL(None)
library.malloc.restype, library.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
def anonymous():
    return sum(int(line.split()[1]) for line in open("/proc/self/smaps") if line.startswith("Anonymous:"))
pieces = [library.malloc(16384) for _ in range(1024)]
for piece in pieces:
    ctypes.memset(piece, 1, 16384)
for number, piece in enumerate(pieces):
    if number % 16 < 15:
        library.free(piece)
before = anonymous()
give_pages_back()
print(before - anonymous())
"""

_SMAPS = """\
55f0a000-55f0b000 r-xp 00001000 fd:00 123 /usr/lib/libone.so
Rss:                   4 kB
Anonymous:             0 kB
55f0b000-55f0c000 r--p 00002000 fd:00 123 /usr/lib/libone.so
Anonymous:             4 kB
55f0c000-55f0d000 rw-p 00003000 fd:00 123 /usr/lib/libone.so
Anonymous:             0 kB
55f0d000-55f0e000 r--p 00000000 00:00 0 [vvar]
Anonymous:             0 kB
55f0e000-55f0f000 r--p 00000000 00:00 0
Anonymous:             0 kB
55f0f000-55f11000 r--s 00000000 fd:00 124 /usr/lib/a list of names
Anonymous:             0 kB
"""


def test_a_process_lets_go_of_pages_of_libraries_and_goes_on_working() -> None:
    begun = subprocess.run([sys.executable, "-c", _GIVE_BACK], capture_output=True, text=True, check=True)

    saved, third, has_ciphers = begun.stdout.split()
    assert int(saved) > 1000
    assert third.startswith("0.333")
    assert has_ciphers == "True"


def test_a_process_lets_go_of_what_the_c_library_keeps_for_itself() -> None:
    begun = subprocess.run([sys.executable, "-c", _FREE], capture_output=True, text=True, check=True)

    assert int(begun.stdout) > 10_000


def test_what_was_or_can_be_written_to_is_kept() -> None:
    assert unchanged_files(_SMAPS) == [(0x55F0A000, 0x55F0B000), (0x55F0F000, 0x55F11000)]


async def _times_given_back(*cpu_seconds: float) -> int:
    """How often pages are given back where the clock of the CPU shows these, one after another, and then stop."""
    stop, clock, times = asyncio.Event(), iter(cpu_seconds), 0

    def give_back() -> None:
        nonlocal times
        times += 1

    def cpu() -> float:
        found = next(clock, None)
        if found is None:
            stop.set()
            return cpu_seconds[-1] + 1  # at work until the end
        return found

    await give_pages_back_at_rest(stop, give_back=give_back, cpu_seconds=cpu, look_seconds=0.001)
    return times


async def test_pages_are_given_back_when_all_is_begun() -> None:
    assert await _times_given_back(7.0) == 1


async def test_pages_are_given_back_again_when_a_process_rests_after_work_and_once_only() -> None:
    assert await _times_given_back(7.0, 8.0, 8.0, 8.0, 8.0, 8.0) == 2


async def test_a_process_at_work_keeps_its_pages() -> None:
    assert await _times_given_back(7.0, 8.0, 9.0, 10.0) == 1


async def test_little_work_is_no_reason_to_give_pages_back() -> None:
    assert await _times_given_back(7.0, 7.1, 7.1, 7.2, 7.2) == 1
