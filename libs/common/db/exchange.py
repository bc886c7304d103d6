"""Statements sent to the server together, in one write, over the driver's connection.

The driver's cursors send statement by statement and do much of their work in Python. Here a statement is prepared once
on each connection, whatever its values are, and values and rows are converted by the driver's own adapters.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

import psycopg
from psycopg import errors
from psycopg.abc import PQGen
from psycopg.adapt import PyFormat, Transformer
from psycopg.generators import fetch_many, send
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.waiting import Ready, Wait

T = TypeVar("T")
Driver = psycopg.AsyncConnection[Any]
Row = tuple[Any, ...]

_NAMED = re.compile(r"%\((\w+)\)s|%%")
# Integers come in the size of the first value; the widest takes them all.
_WIDEST = {21: 20, 23: 20, 1005: 1016, 1007: 1016}

_READABLE, _READ = Wait.R, Ready.R

# The server has this long to end a statement that nobody waits for any more.
_CANCEL_SECONDS = 5.0

_TEXT, _BINARY = PyFormat.TEXT, PyFormat.BINARY
_BYTES: frozenset[Any] = frozenset({bytes, bytearray, memoryview, psycopg.Binary})


class Message(NamedTuple):
    """A statement with placeholders such as `%(name)s`, and its values by name."""

    sql: str
    values: Mapping[str, Any] = {}


class Answer(NamedTuple):
    """The rows of a statement, and how many it returned or touched."""

    rows: list[Row]
    number: int


class _Known:
    """What is known of a connection: the names of the statements prepared on it, and its adapters."""

    def __init__(self, driver: Driver) -> None:
        self.names: dict[bytes, bytes] = {}
        # Without the connection itself, which would keep itself alive by what is known of it.
        self.adapters = Transformer(driver.adapters)
        self.made = 0


_KNOWN: WeakKeyDictionary[Driver, _Known] = WeakKeyDictionary()


async def exchange(driver: Driver, messages: Sequence[Message]) -> list[Answer]:
    """Send these statements and read what they answer. Outside of a transaction they are one.

    None of them can need what another one answered; those after one that fails are not run.

    Raises:
        psycopg.Error: the first of them that failed, or the connection was lost.
    """
    async with driver.lock:
        known = _KNOWN.get(driver)
        if known is None:
            known = _KNOWN[driver] = _Known(driver)
        return await _held(driver, _converse(driver, known, messages))


def forget(driver: Driver) -> None:
    """Prepare statements anew: the driver removes all that are prepared where it rolls back."""
    known = _KNOWN.get(driver)
    if known is not None:
        known.names.clear()


def is_outdated(error: BaseException | None) -> bool:
    """Whether a statement was not run because a migration changed what it answers since it was prepared.

    It is prepared anew the next time; the code of the error is shared by others, the place in the server is not.
    """
    return (
        isinstance(error, errors.FeatureNotSupported)
        and error.diag.source_function == "RevalidateCachedQuery"
    )


def is_idle(driver: Driver) -> bool:
    """Whether it is well and no transaction runs on it."""
    return driver.pgconn.transaction_status == TransactionStatus.IDLE


def is_lost(driver: Driver) -> bool:
    """Whether nothing can be sent on it any more."""
    return bool(driver.closed or driver.broken)


async def _held(driver: Driver, conversation: PQGen[T]) -> T:
    """Hold a conversation to its end, as the driver does, but without a timer for each answer waited for."""
    loop, socket = asyncio.get_running_loop(), driver.pgconn.socket
    try:
        wait = next(conversation)
        while wait == _READABLE:
            readable = loop.create_future()
            try:
                loop.add_reader(socket, _wake, readable)
                try:
                    await readable
                finally:
                    # Before anything else: what comes in while the server is asked to end it is read afterwards.
                    loop.remove_reader(socket)
            except asyncio.CancelledError:
                await _break_off(driver, conversation)
                raise
            wait = conversation.send(_READ)
        # More than the socket takes at once.
        return await driver.wait(_resumed(conversation, wait))
    except StopIteration as end:
        result: T = end.value
        return result
    except OSError as error:
        raise psycopg.OperationalError("the connection is closed") from error


def _wake(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)


def _resumed(conversation: PQGen[T], wait: Wait) -> PQGen[T]:
    while True:
        ready = yield wait
        try:
            wait = conversation.send(ready)
        except StopIteration as end:
            result: T = end.value
            return result


async def _break_off(driver: Driver, conversation: PQGen[Any]) -> None:
    """Have the server end what runs, and hear it say so: the connection can be used again, or is closed."""
    try:
        await driver.cancel_safe(timeout=_CANCEL_SECONDS)
        await driver.wait(_resumed(conversation, _READABLE), timeout=_CANCEL_SECONDS)
    except psycopg.errors.QueryCanceled:
        pass
    except BaseException:
        driver.pgconn.finish()


def _converse(driver: Driver, known: _Known, messages: Sequence[Message]) -> PQGen[list[Answer]]:
    pgconn, adapters = driver.pgconn, known.adapters
    if pgconn.status != ConnStatus.OK:
        raise psycopg.OperationalError("the connection is closed")
    # What cannot be converted fails before anything is sent.
    bound = [_bound(adapters, message) for message in messages]
    pgconn.enter_pipeline_mode()
    is_over = False
    try:
        preparing: list[tuple[bytes, bytes] | None] = []
        for query, values, types, formats in bound:
            name = known.names.get(query)
            if name is None:
                known.made += 1
                # Another one of these messages may be of the same statement.
                name = known.names[query] = b"direct_%d" % known.made
                pgconn.send_prepare(name, query, [_WIDEST.get(oid, oid) for oid in types])
                preparing.append((query, name))
            else:
                preparing.append(None)
            pgconn.send_query_prepared(name, values, formats)
        pgconn.pipeline_sync()
        yield from send(pgconn)
        answers, failure = [], None
        for prepared in preparing:
            if prepared is not None:
                (result,) = yield from fetch_many(pgconn)
                if result.status != ExecStatus.COMMAND_OK:
                    failure = failure or _failure(result)
                    known.names.pop(prepared[0], None)
            (result,) = yield from fetch_many(pgconn)
            if result.status == ExecStatus.TUPLES_OK:
                adapters.set_pgresult(result)
                answers.append(Answer(adapters.load_rows(0, result.ntuples, tuple), result.ntuples))
            elif result.status == ExecStatus.COMMAND_OK:
                answers.append(Answer([], result.command_tuples or 0))
            else:
                failure = failure or _failure(result)
        yield from fetch_many(pgconn)
        is_over = True
    finally:
        if is_over:
            pgconn.exit_pipeline_mode()
        elif pgconn.status == ConnStatus.OK:
            # Left in the middle of what the server says, it can never be used again.
            pgconn.finish()
    if failure is not None:
        if is_outdated(failure):
            # It may not be the only one, and the server would refuse it for as long as the connection lasts.
            known.names.clear()
        raise failure
    return answers


def _bound(adapters: Any, message: Message) -> tuple[bytes, Any, Sequence[int], Any]:
    """The statement, and its values as they are sent, with their types and formats."""
    query, names = _positional(message.sql)
    given = [message.values[name] for name in names]
    # As text, which the server takes for a number of any size; bytes as they are.
    formats = [_BINARY if type(value) in _BYTES else _TEXT for value in given]
    values = adapters.dump_sequence(given, formats)
    return query, values, adapters.types or (), adapters.formats


def _failure(result: Any) -> psycopg.Error | None:
    if result.status == ExecStatus.PIPELINE_ABORTED:
        return None
    return errors.error_from_result(result)


@lru_cache(maxsize=4096)
def _positional(sql: str) -> tuple[bytes, tuple[str, ...]]:
    """The statement with `$1` in place of each name, and the names in this order."""
    names: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        if found[1] is None:
            return "%"
        return f"${names.setdefault(found[1], len(names) + 1)}"

    query = _NAMED.sub(number, sql)
    return query.encode(), tuple(names)
