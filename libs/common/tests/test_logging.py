"""Log lines."""

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from datetime import datetime

import pytest

from libs.common.logging import JsonFormatter, JsonHandler, TextFormatter, bind, clear, scrub
from libs.common.testing.eventually import eventually


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


FORGED = {
    "JSON": 'x\n{"level": "ERROR", "message": "forged"}',
    "text": "x\r\n12:00:00 ERROR   pillars  forged",
    "terminal": "x\x1b[2J\x1b[1;1Hforged",
    "C1": "x\x9b2Jforged",
    "line ends": "x\x85forged\u2028forged\u2029forged\x0bforged\x0cforged",
    "controls": "x\0\b\x7fforged",
    "surrogate": "half \ud800 a pair",
}
STEERING = {*map(chr, range(32)), *map(chr, range(0x7F, 0xA0)), "\u2028", "\u2029"}


def written(formatter: logging.Formatter, text: str) -> str:
    """What is logged where a text comes as message, as argument, as field and as error."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    # Known to nobody else: what captures the logs of tests cannot write half a pair.
    logger = logging.Logger("pillars.test.forged")
    logger.addHandler(handler)
    try:
        bind(request_id=text)
        logger.warning("name: %s", text, extra={"path": text})
        logger.warning(text.replace("%", "%%"))
        try:
            raise ValueError(text)
        except ValueError:
            logger.exception("failed")
    finally:
        logger.removeHandler(handler)
        clear()
    return stream.getvalue()


@pytest.mark.parametrize("text", FORGED.values(), ids=FORGED)
def test_no_line_can_be_forged_in_json(text: str) -> None:
    lines = written(JsonFormatter("test"), text).split("\n")
    assert [json.loads(line)["message"][:4] for line in lines[:-1]] == ["name", text[:4], "fail"]
    assert not STEERING & set("".join(lines))


@pytest.mark.parametrize("text", FORGED.values(), ids=FORGED)
def test_no_line_can_be_forged_in_text(text: str) -> None:
    lines = written(TextFormatter(), text).split("\n")[:-1]
    assert len([line for line in lines if not line.startswith("    | ")]) == 3
    assert not STEERING & set("".join(lines))
    "\n".join(lines).encode()


def test_errors_are_logged_without_the_values_of_rows_and_of_refused_input() -> None:
    row = "duplicate key\nDETAIL:  Key (email)=(hunter\n2) exists.\n[SQL: INSERT INTO x VALUES (%(a)s)]"
    assert scrub(row) == "duplicate key\n[SQL: INSERT INTO x VALUES (%(a)s)]"
    assert "hunter" not in scrub("Input should be 1 [type=x, input_value={'a': 'hunter'}, input_type=dict]")


class TestLinesThatWait:
    async def test_they_are_written_soon(self) -> None:
        stream = io.StringIO()
        handler = JsonHandler("test", stream)
        handler.line("pillars.access", "GET / 200", {"status": 200})
        assert stream.getvalue() == ""
        await eventually(stream.getvalue)
        line = json.loads(stream.getvalue())
        # And so are those that come later.
        handler.line("pillars.access", "GET /again 200", {})
        await eventually(lambda: "/again" in stream.getvalue())
        assert (line["message"], line["logger"], line["status"]) == ("GET / 200", "pillars.access", 200)
        assert datetime.fromisoformat(line["time"]).tzinfo is not None

    async def test_a_record_comes_behind_those_before_it(self) -> None:
        stream = io.StringIO()
        handler = JsonHandler("test", stream)
        handler.line("pillars.access", "first", {})
        handler.handle(logging.makeLogRecord({"msg": "second"}))
        assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["first", "second"]

    async def test_many_do_not_wait_and_none_is_lost_at_the_end(self) -> None:
        stream = io.StringIO()
        handler = JsonHandler("test", stream)
        for number in range(500):
            handler.line("pillars.access", str(number), {})
        assert len(stream.getvalue().splitlines()) >= 400
        handler.flush()
        assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == [
            str(number) for number in range(500)
        ]

    async def test_none_is_lost_where_threads_log_meanwhile(self) -> None:
        stream = io.StringIO()
        handler = JsonHandler("test", stream)
        is_over = threading.Event()

        def log() -> None:
            while not is_over.is_set():
                handler.handle(logging.makeLogRecord({"msg": "record"}))

        thread = threading.Thread(target=log)
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            thread.start()
            for number in range(20_000):
                handler.line("pillars.access", str(number), {})
        finally:
            sys.setswitchinterval(interval)
            is_over.set()
            thread.join()
        handler.flush()
        messages = [json.loads(line)["message"] for line in stream.getvalue().splitlines()]
        assert [m for m in messages if m != "record"] == [str(number) for number in range(20_000)]

    async def test_no_line_can_be_forged(self) -> None:
        stream = io.StringIO()
        handler = JsonHandler("test", stream)
        handler.line("pillars.access", "GET /\n{} \u2028", {"path": "/\x85\n"})
        handler.flush()
        assert len(stream.getvalue().splitlines()) == 1
