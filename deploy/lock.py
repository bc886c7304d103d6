"""Writes the hashed requirements from pyproject.toml, without any index address; run by `make lock`."""

import subprocess
import sys

COMPILE = [
    sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", "--quiet", "--universal", "--python-version", "3.11",
    "--generate-hashes", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links",
    "--custom-compile-command", "make lock", "--upgrade",
]  # fmt: skip
SERVICES = ("analytics", "identity", "notifications", "payments", "gateway")


def main() -> None:
    """main.txt: what runs in production; local.txt: all extras; uv.txt: the installer."""
    services = [part for name in SERVICES for part in ("--extra", name)]
    subprocess.run([*COMPILE, *services, "-o", "requirements/main.txt"], check=True)
    subprocess.run([*COMPILE, "--all-extras", "-o", "requirements/local.txt"], check=True)
    only = [*COMPILE]
    only[only.index("pyproject.toml")] = "-"
    subprocess.run([*only, "-o", "requirements/uv.txt"], input="uv\n", text=True, check=True)


if __name__ == "__main__":
    main()
