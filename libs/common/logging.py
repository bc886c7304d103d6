"""JSON logs, one object a line, with the request, tenant, actor and trace they belong to."""

import contextvars
import logging
import sys
from datetime import UTC, datetime
from typing import Any

import orjson

from libs.common.telemetry import current_trace_id

_bound: contextvars.ContextVar[dict[str, Any] | None] = contextvars.ContextVar("log_fields", default=None)
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
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


def configure_logging(process: str, *, level: str = "INFO", style: str = "json", stream: Any = None) -> None:
    """Send all logs to standard error in one style (`json` or `text`)."""
    handler = logging.StreamHandler(stream or sys.stderr)
    if style == "json":
        handler.setFormatter(JsonFormatter(process))
    else:
        handler.setFormatter(
            logging.Formatter("%(asctime)s %(levelname)-7s %(name)s  %(message)s", "%H:%M:%S")
        )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("httpx", "httpcore", "aiormq", "aio_pika", "uvicorn.access", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
