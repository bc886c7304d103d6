"""Commands find the installation that is meant, and show what can be copied."""

import os
from pathlib import Path

import pytest
import typer
from rich.table import Table

from libs.common.ids import new_id
from libs.common.runtime.commands.installation import installation, show_table
from libs.common.runtime.home import Home, Running

HERE, AMQP = "postgresql://p@127.0.0.1:1/pillars", "amqp://127.0.0.1:2/"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A folder of local state, and an environment that has secrets and names no server."""
    monkeypatch.setenv("PILLARS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PILLARS_SECRET_KEY", "given")
    monkeypatch.setenv("PILLARS_ENCRYPTION_KEYS", "k1:given")
    for name in ("DATABASE_URL", "AMQP_URL"):
        monkeypatch.setenv(name, "")
        del os.environ[name]
    return Home()


def run(home: Home) -> None:
    """Let a suite of separate processes run here."""
    home.write_running(Running(os.getpid(), "http://127.0.0.1:3", HERE, AMQP, is_separate=True))


def test_without_an_address_the_suite_that_runs_here_is_meant(home: Home) -> None:
    with pytest.raises(typer.BadParameter, match="nothing runs in this checkout"):
        installation()
    run(home)
    assert (installation().database_url, installation().amqp_url) == (HERE, AMQP)


def test_the_broker_of_the_suite_goes_with_its_database(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    run(home)
    monkeypatch.setenv("DATABASE_URL", HERE)
    assert installation().amqp_url == AMQP
    monkeypatch.setenv("DATABASE_URL", HERE + "2")
    assert (installation().database_url, installation().amqp_url) == (HERE + "2", None)
    monkeypatch.setenv("AMQP_URL", "amqp://other/")
    assert installation().amqp_url == "amqp://other/"


def test_where_all_is_given_nothing_is_written(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    # As in the image, in which nobody may write.
    monkeypatch.setenv("DATABASE_URL", HERE)
    assert installation().database_url == HERE
    assert not home.folder.exists()


def test_ids_are_shown_whole_in_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    found, handler = str(new_id()), "notifications.tell_of_commercial_request"
    table = Table("Service", "Id", "Handler", "Event", "Tries", "Since", "Reason")
    table.add_row("notifications", found, handler, "crm.x.v1", "7", "2026-11-21 09:22:17", "word " * 80)

    show_table(table)

    shown = capsys.readouterr().out
    assert found in shown
    assert handler in shown
    assert shown.count("word") == 80
