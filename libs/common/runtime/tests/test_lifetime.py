"""What a process does once, when it has begun."""

import subprocess
import sys

from libs.common.runtime.commands.lifetime import unchanged_files

_BEGIN = """
import gc
from libs.common.runtime.commands.lifetime import keep_what_is_here

class Node: pass
def waste():
    node = Node()
    node.itself = node
gc.disable()
kept = Node()
waste()
keep_what_is_here()
looked_at = gc.get_objects()
print(any(one is kept for one in looked_at), gc.unfreeze() or sum(type(one) is Node for one in gc.get_objects()))
"""


def test_the_collector_looks_no_more_at_what_a_process_began_with_and_leaves_no_garbage_in_it() -> None:
    # In a process of its own: what is kept so would be kept for the tests that follow, too.
    begun = subprocess.run([sys.executable, "-c", _BEGIN], capture_output=True, text=True, check=True)

    assert begun.stdout.split() == ["False", "1"]


_UNMAP = """
import decimal, ssl
from libs.common.runtime.commands.lifetime import unmap_what_only_the_start_needed
def resident():
    return sum(int(line.split()[1]) for line in open("/proc/self/smaps") if line.startswith("Rss:"))
before = resident()
unmap_what_only_the_start_needed()
after = resident()
print(before - after, decimal.Decimal(1) / 3, len(ssl.create_default_context().get_ciphers()) > 0)
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
    begun = subprocess.run([sys.executable, "-c", _UNMAP], capture_output=True, text=True, check=True)

    saved, third, has_ciphers = begun.stdout.split()
    assert int(saved) > 1000
    assert third.startswith("0.333")
    assert has_ciphers == "True"


def test_what_was_or_can_be_written_to_is_kept() -> None:
    assert unchanged_files(_SMAPS) == [(0x55F0A000, 0x55F0B000), (0x55F0F000, 0x55F11000)]
