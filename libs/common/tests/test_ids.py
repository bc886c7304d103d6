"""Identifiers."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from libs.common.ids import new_id


def test_ids_are_version_7_and_carry_the_time() -> None:
    before = time.time_ns() // 1_000_000
    made = new_id()
    after = time.time_ns() // 1_000_000 + 1
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert before <= made.int >> 80 <= after


def test_ids_sort_in_the_order_they_were_made() -> None:
    made = [new_id() for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_threads_never_make_the_same_id() -> None:
    with ThreadPoolExecutor(4) as pool:
        made = [
            found for part in pool.map(lambda _: [new_id() for _ in range(2000)], range(4)) for found in part
        ]
    assert len(set(made)) == 8000


def test_a_forked_process_does_not_go_on_with_the_random_bits_of_its_parent() -> None:
    forked = """
import os
from libs.common.ids import new_id
new_id()
reading, writing = os.pipe()
if os.fork() == 0:
    os.write(writing, str(new_id()).encode())
    os._exit(0)
os.wait()
print(new_id().int & 2**62 - 1 != __import__("uuid").UUID(os.read(reading, 36).decode()).int & 2**62 - 1)
"""
    done = subprocess.run([sys.executable, "-c", forked], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_a_process_forked_while_another_thread_made_an_id_makes_ids_too() -> None:
    forked = """
import os
from concurrent.futures import ThreadPoolExecutor
from libs.common import ids
with ThreadPoolExecutor(1) as pool:
    pool.submit(ids._lock.acquire).result()
    if (child := os.fork()) == 0:
        ids.new_id()
        os._exit(0)
    print(os.waitpid(child, 0)[1])
    ids._lock.release()
"""
    ignored = ["-W", "ignore::DeprecationWarning"]
    done = subprocess.run(
        [sys.executable, *ignored, "-c", forked], capture_output=True, text=True, check=True, timeout=20
    )
    assert done.stdout == "0\n"
