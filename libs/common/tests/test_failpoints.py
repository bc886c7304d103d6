"""Failpoints: one armed moment is one death, an inert process knows none, production refuses them."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from libs.common.failpoints import arm, failpoint
from libs.common.settings import CommonSettings

_REACH = """
from libs.common.failpoints import arm, failpoint
from libs.common.settings import CommonSettings
import sys
arm(CommonSettings(environment="test", failpoints=sys.argv[1] or None))
failpoint("orders", "checkout", "reserved")
print("alive")
"""


def reach(folder: str) -> subprocess.CompletedProcess[str]:
    """A process that gets to the moment `orders.checkout.reserved`."""
    command = [sys.executable, "-c", _REACH, folder]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_an_armed_moment_kills_the_first_process_that_gets_there_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "orders.checkout.reserved").touch()
    first, second = reach(str(tmp_path)), reach(str(tmp_path))
    assert first.returncode == -signal.SIGKILL
    assert second.returncode == 0
    assert second.stdout == "alive\n"


def test_a_moment_armed_for_ever_kills_every_process(tmp_path: Path) -> None:
    (tmp_path / "orders.checkout.reserved").write_text("always")
    assert [reach(str(tmp_path)).returncode for _ in range(2)] == [-signal.SIGKILL] * 2


def test_other_moments_and_a_process_without_a_folder_go_on(tmp_path: Path) -> None:
    (tmp_path / "orders.checkout.reserving").touch()
    assert reach(str(tmp_path)).stdout == reach("").stdout == "alive\n"


def test_production_refuses_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="PILLARS_FAILPOINTS"):
        arm(CommonSettings(environment="production", failpoints=str(tmp_path)))
    failpoint("nothing", "is", "armed")
