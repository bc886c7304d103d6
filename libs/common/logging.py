"""JSON logs, one object a line, with the request, tenant, actor and trace they belong to."""

import asyncio
import contextvars
import json
import logging
import re
import sys
from collections import deque
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson

from libs.common.telemetry import current_trace_id

_bound: contextvars.ContextVar[dict[str, Any] | None] = contextvars.ContextVar("log_fields", default=None)
# What ends a line for some reader, or steers a terminal, and is left as it is by JSON.
_BREAKS = re.compile("[\x7f-\x9f\u2028\u2029]")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# PostgreSQL tells the values of a row that breaks a rule; it goes on until the next part of the message.
_DETAIL = re.compile(
    r"\n\s*DETAIL:.*?(?=\n\s*(?:HINT|CONTEXT|LINE|QUERY):|\n\[SQL|\n\(Background|\n\n|\nTraceback|\Z)", re.S
)
_WAIT_SECONDS = 0.1
_MANY_LINES = 200
_INPUT = re.compile(r"input_value=.*?, input_type=", re.S)
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


def bind(**fields: Any) -> None:
    """Add fields to every log line of the running task."""
    _bound.set({**(_bound.get() or {}), **{k: v for k, v in fields.items() if v is not None}})


def begin(**fields: Any) -> None:
    """Let every log line of the running task bear these fields and no others."""
    _bound.set(fields)


def clear() -> None:
    """Forget the fields of the running task."""
    _bound.set({})


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object; line breaks inside values are escaped, so no line can be forged."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "process": self._process,
            "message": record.getMessage(),
            **(_bound.get() or {}),
        }
        trace_id = current_trace_id()
        if trace_id:
            line["trace_id"] = trace_id
        line |= {k: v for k, v in vars(record).items() if k not in _STANDARD}
        if record.exc_info:
            line["exception"] = scrub(self.formatException(record.exc_info))
        return _one_line(line)


class JsonHandler(logging.StreamHandler[TextIO]):
    """Writes JSON lines: records at once, and `line`s some at a time.

    For what comes with every request a record and a system call of its own would cost a tenth of the request. Lines that
    wait are written with the next record, after `_WAIT_SECONDS`, or where they are many; only a process that is killed
    takes its last ones along.
    """

    def __init__(self, process: str, stream: TextIO) -> None:
        super().__init__(stream)
        self.setFormatter(JsonFormatter(process))
        self._process = process
        # Never another one, since threads that log take from it what the event loop puts there.
        self._waiting: deque[tuple[datetime, str, str, dict[str, Any]]] = deque()
        self._is_due = False

    def line(self, logger: str, message: str, fields: dict[str, Any]) -> None:
        """A line of level INFO; on the event loop only."""
        self._waiting.append((datetime.now(UTC), logger, message, fields))
        if len(self._waiting) >= _MANY_LINES:
            self.flush()
        elif not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_later(_WAIT_SECONDS, self._due)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, behind the lines that came before it."""
        self._write_waiting()
        super().emit(record)

    def flush(self) -> None:
        """Write what waits."""
        self._write_waiting()
        super().flush()

    def _due(self) -> None:
        self._is_due = False
        self.flush()

    def _write_waiting(self) -> None:
        with self.lock or nullcontext():
            waiting = [self._waiting.popleft() for _ in range(len(self._waiting))]
            if not waiting:
                return
            lines = [
                _one_line(
                    {
                        "time": at,
                        "level": "INFO",
                        "logger": logger,
                        "process": self._process,
                        "message": message,
                        **fields,
                    }
                )
                for at, logger, message, fields in waiting
            ]
            try:
                self.stream.write("\n".join(lines) + "\n")
            except (OSError, ValueError):
                # As the base class does it: no log is worth a request.
                self.handleError(logging.makeLogRecord({"msg": "lines that waited"}))


def json_handler() -> JsonHandler | None:
    """The handler that writes all logs of this process as JSON, where there is one and no other."""
    handlers = logging.root.handlers
    found = handlers[0] if len(handlers) == 1 else None
    return found if isinstance(found, JsonHandler) else None


def _one_line(fields: dict[str, Any]) -> str:
    try:
        text = orjson.dumps(fields, default=str).decode()
    except TypeError:
        # Half a surrogate pair is no UTF-8.
        text = json.dumps(fields, default=str)
    if text.isascii() and "\x7f" not in text:
        return text
    return _BREAKS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class TextFormatter(logging.Formatter):
    """One line for people. Control characters are escaped, and what follows a line is indented, so that no line can be
    forged and no terminal be steered.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s  %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """The line, and the traceback where there is one."""
        # The base class keeps the traceback as another formatter wrote it.
        kept, record.exc_text = record.exc_text, None
        try:
            return super().format(record)
        finally:
            record.exc_text = kept

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name of the base class
        """The line without a traceback."""
        return _plain(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name of the base class
        """The traceback, each line indented."""
        lines = scrub(super().formatException(ei)).split("\n")
        return "\n".join(f"    | {_plain(line)}" for line in lines)


def _plain(text: str) -> str:
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape", "backslashreplace").decode(), text)


def scrub(text: str) -> str:
    """The text of an error without the values that libraries put into it: rows of the database, refused input."""
    return _INPUT.sub("input_value=…, input_type=", _DETAIL.sub("", text))


def configure_logging(process: str, *, level: str = "INFO", style: str = "json", stream: Any = None) -> None:
    """Send all logs to standard error in one style (`json` or `text`)."""
    # What no style of ours shows is not looked for, which is half of what a line costs ("Optimization" in Python's
    # "Logging HOWTO").
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler: logging.Handler
    if style == "json":
        handler = JsonHandler(process, stream or sys.stderr)
    else:
        handler = logging.StreamHandler(stream or sys.stderr)
        handler.setFormatter(TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("httpx", "httpcore", "aiormq", "aio_pika", "uvicorn.access", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
