"""The pytest plugin: one throw-away Postgres a run, one migrated database a worker, fresh tenants a test.

Tests commit for real. They do not meet because each makes tenants of its own; one that needs a database to itself
asks for `fresh_database`, a copy of a database that is migrated once a run. With `DATABASE_URL` set, that server is used instead of an embedded one.
"""

import fcntl
import gc
import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import hypothesis
import psycopg
import pytest
from psycopg import sql

from libs.common.db.migrate import migrate
from libs.common.garbage import uncollected
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.service import Service
from libs.common.settings import CommonSettings
from libs.common.testing.groups import pytest_collection_modifyitems as pytest_collection_modifyitems

_SERVER = "PILLARS_TEST_SERVER"
_FOLDER = "PILLARS_TEST_FOLDER"
_TEMPLATE = ".template"
_state: dict[str, Any] = {}


def pytest_configure(config: pytest.Config) -> None:
    """Start the server in the controlling process; workers find it by an environment variable."""
    if hasattr(config, "workerinput") or _SERVER in os.environ:
        return
    folder = Path(tempfile.mkdtemp(prefix="pillars-test-"))
    os.environ[_FOLDER] = str(folder)
    _state["folder"] = folder
    if "DATABASE_URL" in os.environ:
        os.environ[_SERVER] = os.environ["DATABASE_URL"]
        return
    from libs.common.runtime.embedded.postgres import EmbeddedPostgres

    server = EmbeddedPostgres(folder / "postgres", durable=False, max_connections=800)
    os.environ[_SERVER] = server.start()
    _state["server"] = server


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Let a property take as long as it takes: that says more of what else runs than of the property."""
    # Read where a property is declared, so before any test is imported.
    hypothesis.settings.register_profile("unhurried", deadline=None)
    hypothesis.settings.load_profile("unhurried")
    with uncollected():
        return (yield)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Let the collector of garbage pass over the modules and tests of all, which stay: they are most of what there is."""
    gc.freeze()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server, or leave a given one as it was."""
    folder = _state.pop("folder", None)
    if folder is None:
        return
    if server := _state.pop("server", None):
        server.stop()
    else:
        for told in folder.glob(f"*{_TEMPLATE}"):
            _drop_database(os.environ[_SERVER], told.read_text())
    shutil.rmtree(folder, ignore_errors=True)
    os.environ.pop(_SERVER, None)
    os.environ.pop(_FOLDER, None)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold while migrating."""
    # Roles belong to the whole server, so only one worker may migrate at a time.
    with (Path(os.environ[_FOLDER]) / "migrate.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """The URL of the server, as an administrator."""
    return os.environ[_SERVER]


@contextmanager
def new_database(server: str, *services: Service) -> Iterator[str]:
    """A database with the tables of these services, dropped at the end; gives its URL."""
    name = _create_database(server, _template(server, services) if services else "template1")
    yield _url(server, name)
    # The server drops it when every connection to any database has taken note. A connection that this thread's event
    # loop is just making cannot while the thread waits, so another one waits.
    threading.Thread(target=_drop_database, args=(server, name), name=f"drop {name}").start()


def _template(server: str, services: Sequence[Service]) -> str:
    """The name of a database with the tables of these services, migrated once in a run; nobody connects to it."""
    told = Path(os.environ[_FOLDER]) / f"{'-'.join(service.name for service in services)}{_TEMPLATE}"
    with one_at_a_time():
        if not told.exists():
            name = _create_database(server, "template1")
            migrate(services, settings_for_tests(_url(server, name)))
            told.write_text(name)
    return told.read_text()


def _create_database(server: str, template: str) -> str:
    name = f"test_{secrets.token_hex(6)}"
    # Files are copied in less than half the time of a copy through the log.
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
    return name


def _url(server: str, database: str) -> str:
    return server.rpartition("/")[0] + f"/{database}"


def _drop_database(server: str, name: str) -> None:
    # The server may be gone by now, and the database with it.
    with suppress(psycopg.OperationalError), psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def database_url(postgres_url: str) -> Iterator[str]:
    """The URL of this worker's database, as an administrator."""
    with new_database(postgres_url) as url:
        yield url


def settings_for_tests(url: str, **changes: Any) -> CommonSettings:
    """Settings as tests use them."""
    return CommonSettings(
        environment="test",
        database_url=url,
        amqp_url=None,
        role_prefix="pillars_test",
        pool_size=5,
        **changes,
    )


@pytest.fixture(scope="session")
def common_settings(database_url: str) -> CommonSettings:
    """The settings of this worker's database."""
    return settings_for_tests(database_url)


MakeContext = Callable[..., Awaitable[ServiceContext]]


@pytest.fixture(scope="session")
async def make_context(common_settings: CommonSettings) -> AsyncIterator[MakeContext]:
    """Make the context of a service on this worker's database, migrated on first use: `await make_context(SERVICE)`.

    Keyword arguments go to `ServiceContext` (clock, upstreams, settings).
    """
    contexts: list[ServiceContext] = []
    migrated: set[str] = set()

    async def make(service: Service, **parts: Any) -> ServiceContext:
        if service.name not in migrated:
            with one_at_a_time():
                migrate([service], common_settings)
            migrated.add(service.name)
        context = ServiceContext(service, common_settings, **parts)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        await context.upstreams.close()
        await context.close()


@pytest.fixture
def fresh_database(postgres_url: str) -> Iterator[Callable[..., CommonSettings]]:
    """A database to oneself: `fresh_database(SERVICE, …)` makes it with the services' tables and returns its settings."""
    with ExitStack() as stack:

        def make(*services: Service) -> CommonSettings:
            return settings_for_tests(stack.enter_context(new_database(postgres_url, *services)))

        yield make


@pytest.fixture
def tenant_id() -> UUID:
    """A tenant nobody else has."""
    return new_id()


@pytest.fixture
def other_tenant_id() -> UUID:
    """Another tenant nobody else has."""
    return new_id()


@pytest.fixture(scope="session")
def amqp_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real RabbitMQ: the one AMQP_URL names, else a private node; without either the test is skipped."""
    if url := os.environ.get("AMQP_URL"):
        yield url
        return
    from libs.common.runtime.embedded.rabbitmq import PrivateRabbitMQ, find_rabbitmq

    if find_rabbitmq() is None:
        pytest.skip("no RabbitMQ: install rabbitmq-server or set AMQP_URL")
    with PrivateRabbitMQ(tmp_path_factory.mktemp("rabbitmq")) as node:
        yield node.start()
