"""Separate processes come back by themselves, and the address of the gateway outlives its process."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from libs.common.runtime.commands.separate import Processes
from libs.common.runtime.host import listen
from libs.common.settings import CommonSettings

PATIENCE = 60  # seconds, for a process to start


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[tuple[Processes, str]]:
    """A supervised gateway alone, with nothing behind it, and its address."""
    listener = listen(0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    processes = Processes(CommonSettings(environment="test"), tmp_path, listener)
    await processes.start(["gateway"])
    async with httpx.AsyncClient(base_url=url) as http, asyncio.timeout(PATIENCE):
        while True:
            with suppress(httpx.HTTPError):
                if (await http.get("/healthz", timeout=PATIENCE)).status_code == 200:
                    break
            await asyncio.sleep(0.05)
    yield processes, url
    await processes.stop()


async def test_while_a_killed_gateway_starts_again_connections_wait_and_none_is_refused(
    gateway: tuple[Processes, str],
) -> None:
    processes, url = gateway
    killed = processes.children["gateway"]
    killed.send_signal(signal.SIGKILL)
    await killed.wait()
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE) as http:
        answers = await asyncio.gather(*(http.get("/healthz") for _ in range(5)))
    assert [answer.status_code for answer in answers] == [200] * 5
    assert processes.children["gateway"].pid != killed.pid


async def test_a_stopped_suite_refuses_connections(gateway: tuple[Processes, str]) -> None:
    processes, url = gateway
    await processes.stop()
    assert processes.children["gateway"].returncode == 0
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get("/healthz")


async def test_a_process_that_dies_just_before_the_stop_is_not_started_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    processes = Processes(CommonSettings(environment="test"), tmp_path, listen(0))
    await processes.start(["crm"])
    killed = processes.children["crm"]
    killed.send_signal(signal.SIGKILL)
    async with asyncio.timeout(PATIENCE):
        while "starting it again" not in caplog.text:  # noqa: ASYNC110 - a log line sets no event
            await asyncio.sleep(0.01)
        await processes.stop()
    assert processes.children["crm"] is killed
