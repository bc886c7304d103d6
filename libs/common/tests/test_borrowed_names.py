"""Names that libraries promise to nobody and that are used here: a release that drops one is noticed by its test."""

import asyncio
import subprocess
import sys
from importlib.util import find_spec
from logging import getLogger
from typing import Any

import pytest
from sqlalchemy.pool.base import _ConnectionRecord
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle


@pytest.mark.parametrize(
    "name",
    [
        # Those that are written anew: under another name the library would go on with its own.
        "_start_asgi_task", "_unsupported_upgrade_warning", "on_body", "on_header", "on_headers_complete",
        "on_message_begin", "on_message_complete", "on_response_complete", "pause_writing", "resume_writing",
        "send_400_response", "shutdown",
        # And those that are called.
        "_unset_keepalive_if_required", "timeout_keep_alive_handler",
    ],
)  # fmt: skip
def test_the_protocol_of_the_server_library_has_the_method(name: str) -> None:
    assert callable(getattr(HttpToolsProtocol, name))


def test_what_the_server_library_keeps_of_a_request_is_what_heads_are_written_by() -> None:
    transport: Any = asyncio.Transport()
    log, options = getLogger("uvicorn"), {"access_log": False, "expect_100_continue": False}
    cycle = RequestResponseCycle(
        scope={},  # type: ignore[typeddict-item]
        transport=transport,
        flow=FlowControl(transport),
        logger=log,
        access_logger=log,
        default_headers=[],
        message_event=asyncio.Event(),
        keep_alive=True,
        on_response=lambda: None,
        **options,
    )
    assert {
        "chunked_encoding", "default_headers", "disconnected", "expected_content_length", "flow", "keep_alive",
        "more_body", "response_complete", "response_started", "scope", "transport", "waiting_for_100_continue",
    } <= vars(cycle).keys()  # fmt: skip
    assert (cycle.chunked_encoding, cycle.expected_content_length) == (None, 0)


@pytest.mark.parametrize("name", ["_is_hard_or_soft_invalidated", "last_connect_time"])
def test_the_pool_library_knows_of_a_connection_whether_it_is_good(name: str) -> None:
    assert hasattr(_ConnectionRecord, name)


def said_by(script: str) -> str:
    """What a fresh process prints."""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("name", ["httpx._main", "pydantic.v1"])
def test_what_is_left_out_is_there_to_be_left_out(name: str) -> None:
    assert find_spec(name) is not None


_LEAN = """
import libs.common.runtime.lean
import fastapi, httpx, sys
from pydantic import BaseModel
class Thing(BaseModel):
    number: int
print(Thing.__pydantic_complete__, end=" ")
print(Thing(number="1").number, Thing.__pydantic_complete__, end=" ")
print([name for name in ("httpx._main", "h2", "pydantic.v1") if sys.modules[name] is not None])
"""


def test_a_model_has_no_validator_until_it_is_used_and_nothing_is_loaded_that_was_left_out() -> None:
    assert said_by(_LEAN) == "False 1 True []\n"


_LOG = """
import logging, sys
from libs.common.logging import configure_logging
seen = []
class Seeing(logging.Handler):
    def emit(self, record):
        seen.append((record.pathname == "(unknown file)", record.thread, record.process))
def say():
    logging.getLogger("one").warning("word")
    return seen.pop()
before = logging.getLogger("one")
before.addHandler(Seeing())
print(say()[0], end=" ")
configure_logging("test", stream=sys.stderr)
print(say())
"""


def test_log_lines_do_not_look_for_who_wrote_them() -> None:
    assert said_by(_LOG) == "False (True, None, None)\n"
