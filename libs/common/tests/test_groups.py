"""Tests of one group run in one worker, and slow ones first."""

import os
import re
import subprocess
import sys
from pathlib import Path

from libs.common.testing import groups, plugin

_TESTS = """
import pytest

@pytest.mark.xdist_group("one")
@pytest.mark.parametrize("number", range(8))
def test_together(number):
    pass

@pytest.mark.rabbit
@pytest.mark.parametrize("number", range(8))
def test_on_one_node(number):
    pass

def test_quick():
    pass

@pytest.mark.slow
def test_slow():
    pass
"""


def run(tmp_path: Path, *options: str) -> str:
    """What pytest says to these tests."""
    (tmp_path / "test_group.py").write_text(_TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n  rabbit\n  slow\n")
    own = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    # Nothing but the two plugins that this is about, so that it takes no time.
    own["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    root = str(Path(__file__).parents[3])
    own["PYTHONPATH"] = root
    plugins = ["-p", "xdist.plugin", "-p", "libs.common.testing.groups", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *plugins, str(tmp_path)],
        cwd=tmp_path,
        env=own,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_tests_of_a_group_stay_together(tmp_path: Path) -> None:
    said = run(tmp_path, "-v", "-n", "2", "--dist", "loadgroup")
    for name in ("test_together", "test_on_one_node"):
        workers = re.findall(rf"\[(gw\d)\].* PASSED .*{name}", said)
        assert len(workers) == 8, said
        assert len(set(workers)) == 1, said


def test_the_slow_ones_are_begun_first(tmp_path: Path) -> None:
    said = run(tmp_path, "--collect-only", "-q")
    names = re.findall(r"::(\w+)", said)
    assert names[0] == "test_slow", said
    assert names[-1] == "test_quick", said


def test_the_suite_uses_it() -> None:
    assert plugin.pytest_collection_modifyitems is groups.pytest_collection_modifyitems
