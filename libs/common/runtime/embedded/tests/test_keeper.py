"""A kept server comes back by itself at the same address, and ends with its keeper."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from libs.common.runtime.embedded.amqp_probe import can_open
from libs.common.runtime.embedded.child import process_facts, wait_until
from libs.common.runtime.embedded.errors import EmbeddedServerError, ServerDidNotStart
from libs.common.runtime.embedded.keeper import Keeper
from libs.common.runtime.embedded.postgres import EmbeddedPostgres
from libs.common.runtime.embedded.rabbitmq import PrivateRabbitMQ, find_rabbitmq
from libs.common.runtime.embedded.tests.orphans import server_parent

KEEP_AND_WAIT = """
from pathlib import Path
from libs.common.runtime.embedded.keeper import Keeper
from libs.common.runtime.embedded.postgres import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), durable=False)
with Keeper("Postgres", server) as url:
    print(server.pid, url, flush=True)
    for line in sys.stdin:
        print(server.pid, url, flush=True)
"""


class ScriptedServer:
    """A server that starts with the given results: a URL, or an error to raise."""

    def __init__(self, *starts: str | Exception) -> None:
        self.starts: Iterator[str | Exception] = iter(starts)
        self.is_running = False
        self.threads: list[threading.Thread] = []
        self.stops = 0

    def start(self) -> str:
        self.threads.append(threading.current_thread())
        result = next(self.starts)
        if isinstance(result, Exception):
            raise result
        self.is_running = True
        return result

    def stop(self) -> None:
        self.stops += 1
        self.is_running = False

    def kill(self) -> None:
        self.is_running = False


def answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def test_a_killed_postgres_is_back_at_the_same_address_with_its_rows(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    with Keeper("Postgres", server) as url:
        with psycopg.connect(url) as connection:
            connection.execute("create table notes (text text)")
            connection.execute("insert into notes values ('kept')")
        pid = server.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda: server.pid != pid and answers(url), seconds=30)
        with psycopg.connect(url) as connection:
            assert connection.execute("select text from notes").fetchall() == [("kept",)]
    assert not server.is_running


def test_a_restarted_server_still_ends_with_a_killed_parent(data_dir: Path) -> None:
    with server_parent(KEEP_AND_WAIT, data_dir) as (process, words):
        assert process.stdin is not None
        assert process.stdout is not None
        first = int(words[0])
        os.kill(first, signal.SIGKILL)

        def restarted() -> int:
            process.stdin.write("\n")
            process.stdin.flush()
            said = process.stdout.readline().split()[0]
            return int(said) if said not in ("None", str(first)) else 0

        assert wait_until(lambda: bool(restarted()), seconds=30)
        second = restarted()
        process.kill()
        assert wait_until(lambda: process_facts(second) is None, seconds=10)


@pytest.mark.rabbit
@pytest.mark.skipif(find_rabbitmq() is None, reason="RabbitMQ is not installed")
def test_a_killed_rabbitmq_is_back_at_the_same_address(tmp_path: Path) -> None:
    node = PrivateRabbitMQ(tmp_path / "node")
    with Keeper("RabbitMQ", node) as url:
        pid = node.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        to = urlsplit(url)
        assert wait_until(
            lambda: can_open(to.port or 0, to.username or "", to.password or "", seconds=10), seconds=60
        )
    assert not node.is_running


def test_every_start_happens_in_the_one_thread_that_lives_as_long_as_the_server() -> None:
    server = ScriptedServer("here", "here")
    with Keeper("it", server) as url:
        assert url == "here"
        server.is_running = False
        assert wait_until(lambda: server.is_running, seconds=10)
        assert len(set(server.threads)) == 1
        assert server.threads[0] is not threading.current_thread()
        assert server.threads[0].is_alive()
    assert server.stops == 1


def test_a_server_that_does_not_come_back_is_tried_again() -> None:
    server = ScriptedServer("here", ServerDidNotStart("it", "disk full", Path("log"), ""), "here")
    with Keeper("it", server):
        server.is_running = False
        assert wait_until(lambda: server.is_running, seconds=10)


def test_a_server_that_comes_back_elsewhere_is_stopped_and_tried_again() -> None:
    server = ScriptedServer("here", "elsewhere", "here")
    with Keeper("it", server):
        server.is_running = False
        assert wait_until(lambda: server.is_running and len(server.threads) == 3, seconds=10)
        assert server.stops == 1


def test_a_server_that_never_starts_is_reported_to_the_caller() -> None:
    failure = ServerDidNotStart("it", "no room", Path("log"), "")
    keeper = Keeper("it", ScriptedServer(failure))
    with pytest.raises(EmbeddedServerError, match="no room"), keeper:
        pass
