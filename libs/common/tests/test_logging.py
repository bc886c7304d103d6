"""Log lines."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from libs.common.logging import JsonFormatter, bind, clear


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What a logger of its own writes."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter("test"))
    logger = logging.getLogger("pillars.test")
    logger.addHandler(handler)
    logger.propagate = False
    yield stream
    logger.removeHandler(handler)
    logger.propagate = True
    clear()


def test_a_line_bears_what_it_belongs_to(lines: io.StringIO) -> None:
    bind(request_id="r1", tenant_id="t1", actor_id=None)
    logging.getLogger("pillars.test").warning("late %s", "event", extra={"attempts": 2})
    line = json.loads(lines.getvalue())
    assert (line["message"], line["request_id"], line["tenant_id"], line["attempts"]) == (
        "late event",
        "r1",
        "t1",
        2,
    )
    assert "actor_id" not in line


def test_no_line_can_be_forged(lines: io.StringIO) -> None:
    logging.getLogger("pillars.test").warning("name: %s", 'x\n{"level": "ERROR", "message": "forged"}')
    assert len(lines.getvalue().splitlines()) == 1
