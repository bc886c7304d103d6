"""Makes `.venv` from the hashed requirements; run by `make setup` with any Python 3.11 or newer, nothing installed.

uv installs when it can be had (seconds), pip otherwise (a minute); both check every hash.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

VENV = Path(".venv")
PYTHON = VENV / "bin" / "python"
LOCK = "requirements/local.txt"


def run(*command: str | Path, quiet: bool = False) -> bool:
    """Run a command; true when it succeeded."""
    output = subprocess.DEVNULL if quiet else None
    return (
        subprocess.run([str(part) for part in command], stdout=output, stderr=output, check=False).returncode
        == 0
    )


def make_environment() -> None:
    """An empty virtual environment with pip."""
    if PYTHON.exists() and run(PYTHON, "-c", "import pip", quiet=True):
        return
    shutil.rmtree(VENV, ignore_errors=True)
    if run(sys.executable, "-m", "venv", VENV, quiet=True):
        return
    # Debian splits venv from Python.
    if (
        os.geteuid() == 0
        and shutil.which("apt-get")
        and run("apt-get", "install", "-y", "-q", "python3-venv")
    ):
        shutil.rmtree(VENV, ignore_errors=True)
        if run(sys.executable, "-m", "venv", VENV):
            return
    sys.exit("Python's venv module is not complete here; on Debian: apt-get install python3-venv")


def install() -> None:
    """Everything in the lock, then this project itself, so that the `pillars` command is there."""
    uv = [PYTHON, "-m", "uv", "--quiet"]
    pip = [PYTHON, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    if run(*pip, "install", "--require-hashes", "-r", "requirements/uv.txt") and run(
        *uv, "pip", "sync", "--python", PYTHON, "--require-hashes", "--compile-bytecode", LOCK
    ):
        installed = run(
            *uv, "pip", "install", "--python", PYTHON, "--no-deps", "--no-build-isolation", "-e", "."
        )
    else:
        print("  uv is not to be had; using pip, which takes a minute", flush=True)
        installed = run(PYTHON, "-m", "ensurepip", quiet=True) and run(
            *pip, "install", "--require-hashes", "-r", LOCK
        )
        installed = installed and run(*pip, "install", "--no-deps", "--no-build-isolation", "-e", ".")
    if not installed:
        sys.exit("the requirements could not be installed; see above")


def main() -> None:
    """Make, install, stamp."""
    if sys.version_info < (3, 11):  # noqa: UP036 - says so before anything else fails
        sys.exit(
            f"Pillars needs Python 3.11 or newer; this is {sys.version.split()[0]} (make PYTHON=python3.12 …)"
        )
    started = time.monotonic()
    print("Setting up .venv from requirements/local.txt", flush=True)
    make_environment()
    install()
    (VENV / "installed").touch()
    print(f"  done in {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
