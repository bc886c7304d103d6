"""Finds out what the suite really commits for an order: reads the server's own log of statements."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.suite import Suite

_ENTRY = re.compile(r"^\S+ \S+ UTC \[(\d+)\] (LOG|DETAIL):  (.*(?:\n\t.*)*)", re.MULTILINE)
_PARAMETER = re.compile(r"\$(\d+) = (NULL|'(?:[^']|'')*')")
_EXECUTED = re.compile(r"(?:statement|execute [^:]*): ")
CHANGES = ("INSERT", "UPDATE", "DELETE")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement with `$1` placeholders, and its parameters as the server prints them."""

    sql: str
    parameters: tuple[str | None, ...] = ()

    @property
    def is_change(self) -> bool:
        """Whether it writes rows."""
        return self.sql.lstrip().startswith(CHANGES)

    @property
    def is_read(self) -> bool:
        """Whether it reads rows or locks them; settings of the scope are not counted."""
        return self.sql.lstrip().startswith(("SELECT", "WITH")) and "set_config" not in self.sql


@dataclass(frozen=True, slots=True)
class Transaction:
    """The statements between BEGIN and COMMIT of one session; `application` names the process that sent them."""

    application: str
    statements: tuple[Statement, ...]

    def mentions(self, text: str) -> bool:
        """Whether any parameter holds the text."""
        return any(text in (value or "") for s in self.statements for value in s.parameters)


class Capture:
    """What was committed while the log was on."""

    def __init__(self) -> None:
        self.transactions: list[Transaction] = []


@contextmanager
def statements(suite: Suite) -> Iterator[Capture]:
    """Log every statement for as long as the block runs; the capture is filled at its end."""
    with logged(suite) as log:
        capture = Capture()
        log.mark()
        yield capture
        capture.transactions = log.since_mark()


class StatementLog:
    """The log of a server that logs every statement."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        self._file = Path(str(suite.folder / "postgres") + ".log")
        self._begin = 0

    def mark(self) -> None:
        """Leave out what was logged so far."""
        self._begin = self._file.stat().st_size

    def since_mark(self) -> list[Transaction]:
        """What was committed since the mark."""
        with self._suite.connect() as connection:
            sessions = connection.execute("SELECT pid, application_name FROM pg_stat_activity").fetchall()
        with self._file.open("rb") as lines:
            lines.seek(self._begin)
            text = lines.read().decode()
        return list(_transactions(text, {str(pid): str(name) for pid, name in sessions}))


@contextmanager
def logged(suite: Suite) -> Iterator[StatementLog]:
    """Log every statement for as long as the block runs."""
    with suite.connect() as connection:
        connection.execute("ALTER SYSTEM SET log_statement = 'all'")
        connection.execute("SELECT pg_reload_conf()")
        time.sleep(0.5)  # sessions take the setting up at their next statement
        try:
            yield StatementLog(suite)
        finally:
            connection.execute("ALTER SYSTEM RESET log_statement")
            connection.execute("SELECT pg_reload_conf()")


def _transactions(text: str, applications: dict[str, str]) -> Iterator[Transaction]:
    running: dict[str, list[Statement]] = {}
    # Statements outside of a transaction are one each; their parameters come with the next line.
    loose: dict[str, list[Statement]] = {}
    for entry in _ENTRY.finditer(text):
        pid, kind, message = entry[1], entry[2], entry[3].replace("\n\t", "\n")
        if kind == "DETAIL":
            last = running.get(pid) or loose.get(pid)
            if message.lower().startswith("parameters:") and last:
                last[-1] = Statement(last[-1].sql, _parameters(message))
            continue
        executed = _EXECUTED.match(message)
        if executed is None:
            continue
        sql = message[executed.end() :]
        if pid in loose:
            yield Transaction(applications.get(pid, ""), tuple(loose.pop(pid)))
        if sql.startswith("BEGIN"):
            running[pid] = []
        elif sql.startswith(("COMMIT", "ROLLBACK")):
            found = running.pop(pid, None)
            if found and sql.startswith("COMMIT"):
                yield Transaction(applications.get(pid, ""), tuple(found))
        elif pid in running:
            running[pid].append(Statement(sql))
        else:
            loose[pid] = [Statement(sql)]
    for pid, statements in loose.items():
        yield Transaction(applications.get(pid, ""), tuple(statements))


def _parameters(message: str) -> tuple[str | None, ...]:
    return tuple(
        None if value == "NULL" else value[1:-1].replace("''", "'")
        for _, value in _PARAMETER.findall(message)
    )
