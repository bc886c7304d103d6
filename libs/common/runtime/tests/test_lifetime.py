"""What a process does once, when it has begun."""

import subprocess
import sys

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
