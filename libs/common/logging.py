"""JSON logs, one object a line, with the request, tenant, actor and trace they belong to."""

import contextvars
import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

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
_INPUT = re.compile(r"input_value=.*?, input_type=", re.S)
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


def bind(**fields: Any) -> None:
    """Add fields to every log line of the running task."""
    _bound.set({**(_bound.get() or {}), **{k: v for k, v in fields.items() if v is not None}})


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
        try:
            text = orjson.dumps(line, default=str).decode()
        except TypeError:
            # Half a surrogate pair is no UTF-8.
            text = json.dumps(line, default=str)
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
    handler = logging.StreamHandler(stream or sys.stderr)
    if style == "json":
        handler.setFormatter(JsonFormatter(process))
    else:
        handler.setFormatter(TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("httpx", "httpcore", "aiormq", "aio_pika", "uvicorn.access", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
