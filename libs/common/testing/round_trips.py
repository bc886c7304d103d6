"""Counts how often work asks the database, whatever it sends at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine


class RoundTrips:
    """The statements of each round trip, in their order; BEGIN, the scope and COMMIT travel with them."""

    def __init__(self) -> None:
        self.statements: list[list[str]] = []
        self._is_sending = False

    def sent(self, _: Any, __: Any, statement: str, *___: Any) -> None:
        """Statements that are sent together are heard of one after another before any of their answers is."""
        if not self._is_sending:
            self.statements.append([])
        self._is_sending = True
        self.statements[-1].append(statement)

    def answered(self, *_: Any) -> None:
        """What is sent next is another one."""
        self._is_sending = False


@contextmanager
def round_trips(engine: AsyncEngine) -> Iterator[RoundTrips]:
    """What is asked of a database within the block, by one piece of work at a time."""
    trips = RoundTrips()
    heard = (("before_cursor_execute", trips.sent), ("after_cursor_execute", trips.answered))
    for name, hear in heard:
        event.listen(engine.sync_engine, name, hear)
    try:
        yield trips
    finally:
        for name, hear in heard:
            event.remove(engine.sync_engine, name, hear)
