"""The next release can be rolled out beside the last: its migrations only add, and old code runs on the new schema."""

import asyncio
import os
import subprocess
import sys
import tarfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest
from rich.console import Console

from deploy.demo.story import play
from deploy.e2e.test_backup import everything_holds, serving
from deploy.release import record
from deploy.release.check import found_breaches
from deploy.release.make import NotReady, make
from libs.common.db.migrate import migrate
from libs.common.runtime.host import ROLES
from libs.common.runtime.registry import NAMES, load_all
from libs.common.testing.eventually import eventually
from libs.common.testing.plugin import new_database, one_at_a_time, settings_for_tests

ROOT = Path(__file__).parents[2]
PLAY = ROOT / "deploy" / "release" / "play.py"


@pytest.fixture
def last_release(tmp_path: Path) -> Path:
    """The code of the last release, taken out of the history."""
    release = record.latest()
    archive = subprocess.run(["git", "archive", release.commit], cwd=ROOT, capture_output=True, check=False)
    if archive.returncode != 0:
        pytest.skip(
            f"the history has no commit {release.commit[:12]} of release {release.version} "
            f"(a shallow clone, or no git): {archive.stderr.decode().strip()}"
        )
    folder = tmp_path / "last release"
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as tar:
        tar.extractall(folder, filter="data")
    return folder


async def told_by(release: Path, url: str, *arguments: str) -> None:
    """Play the story with the code of a release, against a database."""
    common = settings_for_tests(url)
    kept = {k: v for k, v in os.environ.items() if k not in ("AMQP_URL", "PYTHONPATH")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(PLAY),
        *arguments,
        cwd=release,
        env={
            **kept,
            "PYTHONPATH": str(release),
            "DATABASE_URL": url,
            "PILLARS_ENVIRONMENT": "test",
            "PILLARS_ROLE_PREFIX": common.role_prefix,
            "PILLARS_POOL_SIZE": "5",
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(300):
            output, _ = await process.communicate()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    assert process.returncode == 0, output.decode()[-6000:]
    assert b"everyone sees it" in output


@pytest.mark.slow
async def test_the_last_release_goes_on_while_the_schema_is_already_the_next_ones(
    postgres_url: str, last_release: Path
) -> None:
    with new_database(postgres_url) as url:
        settings = settings_for_tests(url)
        await told_by(last_release, url, "--install")
        with one_at_a_time():
            await asyncio.to_thread(migrate, load_all(), settings)
        # Old processes and new ones side by side, as in the midst of a rolling restart.
        async with serving(settings, ROLES) as suite:
            _, told = await asyncio.gather(told_by(last_release, url), play(suite.url, Console(quiet=True)))
            assert told
            await eventually(lambda: everything_holds(url), seconds=60)


def test_the_migrations_since_the_last_release_disturb_neither_it_nor_its_users() -> None:
    found = found_breaches(load_all(), record.latest())
    assert not found, "\n".join(str(breach) for breach in found)


def test_the_record_names_every_service_and_grows() -> None:
    known = record.releases()
    assert known[0].version == "0.1.0"
    assert [r.number for r in known] == sorted({r.number for r in known})
    for release in known:
        assert set(release.migrations) == set(NAMES)
        assert len(release.commit) == 40
    changelog = (ROOT / "CHANGELOG.md").read_text()
    for release in known:
        assert f"## [{release.version}] - {release.date}" in changelog


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=Test", "-c", "user.email=test@example.com", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_a_release_needs_a_clean_checkout_a_changelog_and_a_greater_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"NAME": "Test", "EMAIL": "test@example.com"}.items():
        monkeypatch.setenv(f"GIT_AUTHOR_{name}", value)
        monkeypatch.setenv(f"GIT_COMMITTER_{name}", value)
    git(tmp_path, "init", "-q")
    (tmp_path / "deploy" / "release").mkdir(parents=True)
    files = ("pyproject.toml", "CHANGELOG.md", "deploy/release/releases.toml")
    for name in files:
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "Begin")
    with pytest.raises(NotReady, match="not greater"):
        make("0.1.0", tmp_path)
    with pytest.raises(ValueError, match="three numbers"):
        make("99", tmp_path)
    with pytest.raises(NotReady, match="no line"):
        make("99.0.0", tmp_path)
    changelog = tmp_path / "CHANGELOG.md"
    changelog.write_text(changelog.read_text() + "\n## [99.0.0] - 2099-01-01\n")
    with pytest.raises(NotReady, match="has changes"):
        make("99.0.0", tmp_path)
    git(tmp_path, "commit", "-qam", "Say what is new")

    make("99.0.0", tmp_path)

    released = record.latest(tmp_path / "deploy" / "release" / "releases.toml")
    assert released.version == "99.0.0"
    assert released.commit == git(tmp_path, "rev-parse", "HEAD~1")
    assert released.migrations == record.heads(load_all())
    assert git(tmp_path, "status", "--porcelain") == ""
    assert 'version = "99.0.0"' in git(tmp_path, "show", f"{released.commit}:pyproject.toml")
