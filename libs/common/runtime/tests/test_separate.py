"""Separate processes come back by themselves, and no request is lost while one takes the place of another."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from libs.common.runtime.commands.separate import Processes
from libs.common.runtime.listener import listen
from libs.common.settings import CommonSettings
from libs.common.testing.eventually import eventually

PATIENCE = 60  # seconds, for a process to start
MOST_KIB = 120 * 1024  # of memory, for a process that does nothing


pytestmark = pytest.mark.xdist_group("separate processes")


@pytest.fixture(scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Processes, str]]:
    """A supervised gateway alone, with nothing behind it, and its address."""
    listener = listen(0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    logs = tmp_path_factory.mktemp("logs")
    processes = Processes(CommonSettings(environment="test"), logs, listener)
    await processes.start(["gateway"])
    async with asyncio.timeout(PATIENCE):
        await processes.children["gateway"].ready.wait()
    yield processes, url
    await processes.stop()


async def statuses_during(url: str, action: Callable[[], Awaitable[object]]) -> list[int]:
    """What clients get that ask without a pause while something is done; they keep connections and make new ones."""
    got: list[int] = []
    is_over = False

    async def ask_on(http: httpx.AsyncClient) -> None:
        while not is_over:
            got.append((await http.get("/healthz")).status_code)
            async with httpx.AsyncClient(base_url=url, timeout=PATIENCE) as other:
                got.append((await other.get("/healthz")).status_code)

    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE) as http:
        asking = [asyncio.create_task(ask_on(http)) for _ in range(4)]
        await action()
        is_over = True
        await asyncio.gather(*asking)
    return got


async def test_while_a_killed_gateway_starts_again_connections_wait_and_none_is_refused(
    gateway: tuple[Processes, str],
) -> None:
    processes, url = gateway
    killed = processes.children["gateway"]
    killed.kill()
    await killed.wait()
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE) as http:
        answers = await asyncio.gather(*(http.get("/healthz") for _ in range(5)))
    assert [answer.status_code for answer in answers] == [200] * 5
    assert processes.children["gateway"].pid != killed.pid


async def test_a_rolling_restart_loses_no_request(gateway: tuple[Processes, str]) -> None:
    processes, url = gateway
    old = processes.children["gateway"]
    got = await statuses_during(url, lambda: processes.restart(["gateway"]))
    assert got
    assert set(got) == {200}
    assert old.returncode == 0
    assert processes.children["gateway"].pid != old.pid


async def test_a_process_that_somebody_asks_to_stop_is_replaced_and_loses_no_request(
    gateway: tuple[Processes, str],
) -> None:
    processes, url = gateway
    old = processes.children["gateway"]

    async def stop_it() -> None:
        os.kill(old.pid, signal.SIGTERM)
        await old.wait()

    got = await statuses_during(url, stop_it)
    assert got
    assert set(got) == {200}
    assert old.returncode == 0
    assert processes.children["gateway"].pid != old.pid


async def test_a_new_process_that_does_not_come_up_leaves_the_old_one_in_its_place(
    gateway: tuple[Processes, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    processes, url = gateway
    old = processes.children["gateway"]
    monkeypatch.setenv("GATEWAY_GZIP_LEVEL", "not a number")
    assert await processes.restart(["gateway"]) == ["gateway"]
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE) as http:
        assert (await http.get("/healthz")).status_code == 200
    assert processes.children["gateway"] is old


async def test_without_the_fork_server_processes_start_all_the_same(gateway: tuple[Processes, str]) -> None:
    processes, url = gateway
    assert processes.fork_server.pid is not None
    os.kill(processes.fork_server.pid, signal.SIGKILL)
    assert await processes.restart(["gateway"]) == []
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE) as http:
        assert (await http.get("/healthz")).status_code == 200


def parent_of(pid: int) -> int:
    """The process that a process comes from."""
    if not Path("/proc/self/status").exists():
        pytest.skip("no /proc here")
    found = re.search(r"PPid:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1])


async def test_a_restart_reads_the_code_anew(gateway: tuple[Processes, str]) -> None:
    processes, _ = gateway
    before = processes.fork_server.pid, parent_of(processes.children["gateway"].pid)
    assert await processes.restart(["gateway"]) == []
    # What an older fork server or template has imported is the code of its time.
    template = parent_of(processes.children["gateway"].pid)
    assert processes.fork_server.pid not in (None, before[0])
    assert template != before[1]
    assert parent_of(template) == processes.fork_server.pid


async def test_a_killed_process_comes_from_a_template_that_has_imported_its_service(
    gateway: tuple[Processes, str],
) -> None:
    processes, url = gateway
    template = parent_of(processes.children["gateway"].pid)
    for is_template_there in (True, False, True):
        if not is_template_there:
            os.kill(template, signal.SIGKILL)
        killed = processes.children["gateway"]
        killed.kill()
        await killed.wait()
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE) as http:
            assert (await http.get("/healthz")).status_code == 200
        origin = parent_of(processes.children["gateway"].pid)
        # Without one it comes from the fork server, and there is a template again for the next time.
        assert (origin == processes.fork_server.pid) is not is_template_there
        assert is_template_there or origin != template


async def test_each_process_is_known_by_its_command_line(gateway: tuple[Processes, str]) -> None:
    processes, _ = gateway
    line = Path(f"/proc/{processes.children['gateway'].pid}/cmdline")
    if not line.exists():
        pytest.skip("no /proc here")
    assert " -m libs.common.runtime.cli serve gateway --port " in line.read_text().replace("\0", " ")


async def test_a_process_is_small(gateway: tuple[Processes, str]) -> None:
    processes, _ = gateway
    for pid in (processes.children["gateway"].pid, processes.fork_server.pid):
        status = Path(f"/proc/{pid}/status")
        if pid is None or not status.exists():
            continue
        resident = re.search(r"VmRSS:\s+(\d+) kB", status.read_text())
        assert resident is not None
        assert int(resident[1]) < MOST_KIB


async def test_a_stopped_suite_refuses_connections(gateway: tuple[Processes, str]) -> None:
    # The last of those that share the gateway.
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
    killed.kill()
    async with asyncio.timeout(PATIENCE):
        await eventually(lambda: "starting it again" in caplog.text, seconds=PATIENCE)
        await processes.stop()
    assert processes.children["crm"].returncode is not None
    with suppress(ProcessLookupError):
        os.kill(processes.children["crm"].pid, 0)
        pytest.fail("a process is left")
