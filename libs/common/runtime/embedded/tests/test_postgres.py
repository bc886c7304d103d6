"""An embedded Postgres lives, dies and comes back."""

import os
import signal
import socket
import stat
import tempfile
from pathlib import Path

import psycopg
import pytest

from libs.common.runtime.embedded import postgres_binaries
from libs.common.runtime.embedded.child import process_facts, wait_until
from libs.common.runtime.embedded.errors import (
    DataDirInUse,
    DataDirUnusable,
    EmbeddedServerError,
    PostgresNotFound,
    ServerDidNotStart,
)
from libs.common.runtime.embedded.postgres import EmbeddedPostgres, find_postgres
from libs.common.runtime.embedded.tests.orphans import server_parent

START_AND_WAIT = """
from pathlib import Path
from libs.common.runtime.embedded.postgres import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
url = server.start()
print(server.pid, url, flush=True)
sys.stdin.read()
"""


def add_row(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("create table if not exists notes (id int generated always as identity)")
        connection.execute("insert into notes default values")


def count_rows(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("select count(*) from notes").fetchone()
    assert row is not None
    return int(row[0])


def is_gone(pid: int) -> bool:
    return process_facts(pid) is None


class TestLife:
    def test_rows_and_url_survive_a_restart_in_a_path_with_spaces(self, postgres: EmbeddedPostgres) -> None:
        url = postgres.start()
        add_row(url)
        assert postgres.restart() == url
        assert count_rows(url) == 1

    def test_stopping_ends_the_process_and_stopping_again_does_nothing(
        self, postgres: EmbeddedPostgres
    ) -> None:
        pid = postgres.pid
        assert pid is not None
        assert postgres.is_running
        postgres.stop()
        postgres.stop()
        assert (postgres.is_running, postgres.pid) == (False, None)
        assert is_gone(pid)

    def test_the_password_is_asked_for_and_kept_private(self, postgres: EmbeddedPostgres) -> None:
        url = postgres.start()
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(url.replace("postgres:", "postgres:not"))
        mode = (postgres.data_dir / "superuser_password").stat().st_mode
        assert stat.S_IMODE(mode) == 0o600

    def test_text_sorts_by_code_point_and_sessions_are_in_utc(self, postgres: EmbeddedPostgres) -> None:
        with psycopg.connect(postgres.start()) as connection:
            assert connection.execute(
                "select 'a' > 'B', upper('é'), current_setting('timezone')"
            ).fetchone() == (
                True,
                "É",
                "UTC",
            )

    def test_without_durability_the_slow_safeties_are_off(self, data_dir: Path) -> None:
        with EmbeddedPostgres(data_dir, durable=False, max_connections=20) as server:
            with psycopg.connect(server.start()) as connection:
                for name, value in {
                    "fsync": "off",
                    "synchronous_commit": "off",
                    "max_connections": "20",
                }.items():
                    assert connection.execute("select current_setting(%s)", (name,)).fetchone() == (value,)
        assert not server.is_running


class TestCrash:
    def test_committed_rows_are_there_after_the_postmaster_is_killed(
        self, postgres: EmbeddedPostgres
    ) -> None:
        url = postgres.start()
        for committed in range(1, 4):
            add_row(url)
            assert postgres.pid is not None
            # Not through kill(): nobody told the object.
            os.kill(postgres.pid, signal.SIGKILL)
            assert wait_until(lambda: not postgres.is_running, seconds=5)
            assert postgres.start() == url
            assert count_rows(url) == committed

    def test_a_killed_parent_takes_the_server_along_and_the_next_start_works_at_once(
        self, data_dir: Path
    ) -> None:
        with server_parent(START_AND_WAIT, data_dir) as (parent, (pid, url)):
            add_row(url)
            parent.kill()
            parent.wait()
            with EmbeddedPostgres(data_dir) as server:
                assert count_rows(server.start()) == 1
        assert is_gone(int(pid))

    def test_a_killed_parent_leaves_no_server_behind(self, data_dir: Path) -> None:
        with server_parent(START_AND_WAIT, data_dir) as (parent, (pid, _)):
            assert not is_gone(int(pid))
            parent.kill()
            parent.wait()
            assert wait_until(lambda: is_gone(int(pid)), seconds=10)

    def test_a_pid_file_naming_an_unrelated_live_process_is_cleared_away(
        self, postgres: EmbeddedPostgres
    ) -> None:
        add_row(postgres.start())
        pid_file = postgres.data_dir / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
        postgres.kill()
        pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
        assert count_rows(postgres.start()) == 1

    def test_an_empty_pid_file_is_cleared_away(self, postgres: EmbeddedPostgres) -> None:
        postgres.kill()
        (postgres.data_dir / "postmaster.pid").write_text("")
        postgres.start()
        assert postgres.is_running

    def test_a_half_made_cluster_is_thrown_away(self, data_dir: Path) -> None:
        leftover = data_dir.parent / f".{data_dir.name}.new-abc"
        (leftover / "data").mkdir(parents=True)
        (leftover / "data" / "PG_VERSION").write_text("18\n")
        with EmbeddedPostgres(data_dir) as server:
            add_row(server.start())
        assert not leftover.exists()


class TestRefusal:
    def test_a_second_copy_in_another_process_is_refused_with_the_pid(self, data_dir: Path) -> None:
        with server_parent(START_AND_WAIT, data_dir) as (_, (pid, _)):
            with pytest.raises(DataDirInUse, match=f"in use by process {pid};") as refused:
                EmbeddedPostgres(data_dir).start()
            assert refused.value.pid == int(pid)

    def test_a_second_copy_in_this_process_is_refused_and_the_first_goes_on(
        self, postgres: EmbeddedPostgres
    ) -> None:
        with pytest.raises(DataDirInUse, match=f"process {postgres.pid}"):
            EmbeddedPostgres(postgres.data_dir).start()
        add_row(postgres.start())

    def test_another_major_version_is_named(self, postgres: EmbeddedPostgres) -> None:
        postgres.stop()
        (postgres.data_dir / "PG_VERSION").write_text("9\n")
        with pytest.raises(DataDirUnusable, match="made by Postgres 9"):
            postgres.start()

    def test_foreign_files_are_left_alone(self, data_dir: Path) -> None:
        data_dir.mkdir(parents=True)
        (data_dir / "thesis.tex").write_text("x")
        with pytest.raises(DataDirUnusable, match="not empty"):
            EmbeddedPostgres(data_dir).start()
        assert [path.name for path in data_dir.iterdir()] == ["thesis.tex"]

    def test_a_taken_port_that_was_asked_for_is_an_error(self, data_dir: Path) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            with pytest.raises(EmbeddedServerError, match="taken"):
                EmbeddedPostgres(data_dir, port=taken.getsockname()[1]).start()

    def test_a_server_that_ends_early_shows_its_log(self, postgres: EmbeddedPostgres) -> None:
        postgres.stop()
        (postgres.data_dir / "postgresql.conf").write_text("no_such_setting = 1\n")
        with pytest.raises(ServerDidNotStart, match="no_such_setting"):
            postgres.start()
        assert not postgres.is_running


class TestFinding:
    def test_pg_bin_comes_first(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = find_postgres()
        monkeypatch.setenv("PG_BIN", str(found))
        assert find_postgres() == found

    def test_a_wrong_pg_bin_says_so(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("PG_BIN", str(tmp_path))
        with pytest.raises(PostgresNotFound, match="PG_BIN="):
            find_postgres()

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
    def test_root_without_user_namespaces_becomes_nobody(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # Not tmp_path: pytest's directories are closed to others.
        with tempfile.TemporaryDirectory() as directory:
            Path(directory).chmod(0o711)
            data_dir = Path(directory) / "data"
            nobody = postgres_binaries._identities(data_dir)[-1]
            with monkeypatch.context() as patch:
                patch.setattr(postgres_binaries, "_identities", lambda path: [nobody])
                with EmbeddedPostgres(data_dir) as server:
                    add_row(server.start())
            assert postgres_binaries._identities(data_dir) == [nobody]
            assert nobody == f"{data_dir.stat().st_uid}:{data_dir.stat().st_gid}"
