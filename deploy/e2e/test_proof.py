"""The proof under failure in its short form, and what it stands on."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from deploy.e2e.proof.plan import DEADLY, STEP, make_plan
from deploy.e2e.proof.proxy import DOWN, Link
from deploy.e2e.proof.steps import STEPS
from libs.common.messaging.event import REGISTRY
from libs.common.runtime.embedded.rabbitmq import find_rabbitmq
from libs.common.runtime.registry import NAMES, load_all

_FLOWS = {
    "orders.checkout.reserving",
    "orders.checkout.reserved",
    "payments.checkout.intended",
    "payments.checkout.opened",
    "payments.refund.intended",
    "payments.refund.sent",
    "payments.webhook.sent",
    "payments.subscription.invoiced",
    "crm.automation.performed",
    "analytics.assistant.asked",
    "forecasts.computed",
}
LIMIT = 580  # seconds; it takes far less


@pytest.mark.rabbit
@pytest.mark.slow
async def test_nothing_accepted_is_lost_while_processes_die_and_connections_break(tmp_path: Path) -> None:
    if find_rabbitmq() is None:
        pytest.skip("no RabbitMQ: install rabbitmq-server")
    figures = tmp_path / "figures.json"
    command = ("-m", "deploy.e2e.proof", "--short", "--seed", "1", "--report", str(figures))
    proof = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        said, _ = await asyncio.wait_for(proof.communicate(), LIMIT)
    finally:
        if proof.returncode is None:
            proof.terminate()
            await proof.wait()
    text = said.decode(errors="replace")
    assert figures.exists(), text
    report = json.loads(figures.read_text())
    assert report["breaches"] == [], text
    assert proof.returncode == 0, text
    # That it proved anything: every moment was reached, orders were paid in between, webhooks came twice.
    assert report["steps_missed"] == [], text
    assert sum(report["killed"].values()) >= len(report["steps_reached"]) >= 7, text
    assert report["orders"]["placed"] >= 20, text
    assert report["orders"]["paid"] >= 10, text
    assert report["registrations"]["won"] >= 1, text
    assert report["subscriptions"]["sold"] >= 2, text
    assert report["webhooks"]["duplicated"] >= 1, text


def test_every_step_of_the_table_is_a_moment_that_the_code_gets_to() -> None:
    services = load_all()
    subscriptions = {s.name for service in services for s in service.subscriptions}
    jobs = {f"{service.name}.{job.name}" for service in services for job in service.jobs}
    for step in STEPS:
        kind, _, rest = step.moment.partition(".")
        known = {
            "committing": rest in REGISTRY,
            "committed": rest in REGISTRY,
            "taken": rest in subscriptions,
            "handled": rest in subscriptions,
            "relay": rest.partition(".")[0] in NAMES,
            "job": rest.rpartition(".")[0] in jobs,
        }.get(kind, step.moment in _FLOWS)
        assert known, step.moment
        assert step.dies in NAMES


def test_a_seed_gives_the_same_plan_again_with_every_step_in_it() -> None:
    kills = 2 * len(STEPS) + 6
    plan = make_plan(7, kills)
    assert plan == make_plan(7, kills) != make_plan(8, kills)
    assert sum(fault.kind in DEADLY for fault in plan) == kills
    assert {fault.where for fault in plan if fault.kind == STEP} == {step.moment for step in STEPS}
    # Early enough that somebody comes to each of them.
    assert max(n for n, fault in enumerate(plan) if fault.kind == STEP) < len(plan) * 2 // 3


class _Echo(asyncio.Protocol):
    def __init__(self, heard: list[bytes]) -> None:
        self.heard = heard

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.heard.append(data)
        self.transport.write(data)  # type: ignore[attr-defined]


async def test_the_proxy_passes_everything_on_until_it_is_told_to_break_it() -> None:
    heard: list[bytes] = []
    server = await asyncio.get_running_loop().create_server(lambda: _Echo(heard), "127.0.0.1", 0)
    link = Link("test", lambda: ("127.0.0.1", server.sockets[0].getsockname()[1]))
    await link.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
    writer.write(b"whole " * 100_000)
    assert await reader.readexactly(600_000) == b"whole " * 100_000

    dead = asyncio.create_task(link.one_way(DOWN, 0.3))
    await asyncio.sleep(0)
    writer.write(b"heard, not answered")
    with pytest.raises(ConnectionError):
        await reader.readexactly(1)
    assert heard[-1] == b"heard, not answered"
    await dead
    writer.close()

    reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
    writer.write(b"again")
    assert await reader.readexactly(5) == b"again"
    assert link.drop() == 1
    with pytest.raises(ConnectionError):
        await reader.readexactly(1)
    writer.close()

    refusing = asyncio.create_task(link.refuse(60))
    await asyncio.sleep(0)
    reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
    with pytest.raises(ConnectionError):
        await reader.readexactly(1)
    refusing.cancel()
    writer.close()
    await link.stop()
    server.close()


async def test_the_proxy_tells_after_a_stall_that_the_server_has_died_in_it() -> None:
    went_on = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(5)
        stalling = asyncio.create_task(link.stall(0.3))
        await asyncio.sleep(0)
        writer.close()
        await stalling
        went_on.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    link = Link("test", lambda: ("127.0.0.1", server.sockets[0].getsockname()[1]))
    await link.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
    writer.write(b"asked")

    async with asyncio.timeout(10):
        assert await reader.read() == b""
        await went_on.wait()
    writer.close()
    await link.stop()
    server.close()
