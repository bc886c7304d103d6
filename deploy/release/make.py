"""Makes a release: `make release VERSION=0.2.0`.

It asks for a clean checkout and a section of that version in CHANGELOG.md, checks the migrations since the last
release, then commits the new version number with the record of it. The tag is yours to push.
"""

import argparse
import datetime
import re
import subprocess
import sys
from pathlib import Path

from deploy.release.check import found_breaches
from deploy.release.record import RECORD, Release, add, heads, latest, version_number
from libs.common.runtime.registry import load_all

ROOT = Path(__file__).parents[2]


class NotReady(Exception):
    """Something is missing for a release; the text says what."""


def main() -> None:
    """Read the arguments and make the release."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version", help="three numbers, greater than the last release's")
    arguments = parser.parse_args()
    try:
        make(arguments.version, ROOT)
    except (NotReady, ValueError) as error:
        sys.exit(f"not released: {error}")


def make(version: str, root: Path) -> None:
    """Make the release in a checkout.

    Raises:
        NotReady: the checkout is not clean, the changelog lacks the version, it is not newer than the last one, or
            its migrations cannot be rolled out beside the last release.
    """
    record = root / RECORD.relative_to(ROOT)
    if version_number(version) <= latest(record).number:
        raise NotReady(f"{version} is not greater than {latest(record).version}, the last release")
    if changes := _git(root, "status", "--porcelain", "--untracked-files=no"):
        raise NotReady(f"the checkout has changes:\n{changes}")
    today = datetime.datetime.now(datetime.UTC).date()
    changelog = (root / "CHANGELOG.md").read_text()
    if not re.search(rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$", changelog, re.M):
        raise NotReady(f"CHANGELOG.md has no line “## [{version}] - {today}”; name there what is new")
    services = load_all()
    if breaches := found_breaches(services, latest(record)):
        raise NotReady("\n".join(str(breach) for breach in breaches))
    project = root / "pyproject.toml"
    text, changed = re.subn(r'(?m)^version = ".*"$', f'version = "{version}"', project.read_text(), count=1)
    if not changed:
        raise NotReady("pyproject.toml has no line with the version")
    project.write_text(text)
    if _git(root, "status", "--porcelain", "--untracked-files=no"):
        _git(root, "commit", "-qm", f"Release {version}", "--", "pyproject.toml")
    commit = _git(root, "rev-parse", "HEAD")
    add(Release(version, today, commit, heads(services)), record)
    _git(root, "commit", "-qm", f"Record release {version}", "--", str(record.relative_to(root)))
    sys.stdout.write(f"{version} is {commit}; tag it with: git tag -a v{version} {commit}\n")


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NotReady(f"git {arguments[0]} failed: {done.stderr.strip()}")
    return done.stdout.strip()


if __name__ == "__main__":
    main()
