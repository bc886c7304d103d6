"""What the audit log costs a write, what an entry costs, and what a question for a permission costs."""

import asyncio
import time
from collections.abc import Callable
from statistics import median
from typing import Any
from uuid import UUID

from bench.bench import Bench
from bench.report import Row, most
from bench.stats import Sample
from libs.common.actor import Actor, ActorKind
from libs.common.clock import SystemClock
from libs.common.ids import new_id
from libs.common.messaging.envelope import Envelope
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.registry import load
from libs.contracts.audit import change_recorded
from services.identity.audit_log.handlers import record_audit
from services.identity.audit_log.verification import verify_chain
from services.identity.departments.schemas import DepartmentCreate, DepartmentUpdate
from services.identity.departments.service import DepartmentService

SECTION = "audit"
_BATCH = 200
_PERMISSIONS = frozenset(
    f"{service}.{resource}.{verb}"
    for service in ("crm", "orders")
    for resource in ("deals", "leads", "tasks", "companies", "contacts", "projects", "memos")
    for verb in ("read", "write", "decide")
) | {"catalog.*"}


class Unaudited(DepartmentService):
    """The same resource without its entries."""

    audited = False


def measure(bench: Bench) -> list[Row]:
    """All rows of the section."""
    suite = bench.suite
    some = bench.options.some

    def run(work: Callable[[ServiceContext], Any]) -> Any:
        async def inside() -> Any:
            context = ServiceContext(load("identity"), suite.common)
            try:
                return await work(context)
            finally:
                await context.close()

        return asyncio.run(inside())

    writes = bench.runs(
        "writes with and without an entry", lambda: run(lambda c: _writes(c, some(2000, 100)))
    )
    logs = bench.runs("entries", lambda: run(lambda c: _entries(c, some(50, 3))))
    checks = [_permissions(some(200_000, 5_000)) for _ in range(bench.options.runs)]
    return [
        Row(
            SECTION,
            "an update with its entry in the audit log, median",
            "µs",
            Sample.of([found["audited"] for found in writes]),
            Sample.of([found["unaudited"] for found in writes]),
            "the same update without it, in turns",
            most(1.25, "ratio"),
        ),
        Row(
            SECTION,
            "… its CPU in the service",
            "µs",
            Sample.of([found["audited_cpu"] for found in writes]),
            Sample.of([found["unaudited_cpu"] for found in writes]),
            "the same update without it, in turns",
        ),
        Row(
            SECTION,
            f"an event becomes an entry in the chain, batches of {_BATCH}, CPU",
            "µs",
            Sample.of([found["entry"] for found in logs]),
            note="in the service alone, without the bus",
        ),
        Row(SECTION, "an entry of the chain checked", "µs", Sample.of([found["checked"] for found in logs])),
        Row(
            SECTION,
            "permission check, of 43, held exactly",
            "µs",
            Sample.of([found["exact"] for found in checks]),
            Sample.of([found["bare"] for found in checks]),
            "`in` of a frozenset",
        ),
        Row(
            SECTION,
            "… held by a wildcard",
            "µs",
            Sample.of([found["wildcard"] for found in checks]),
            Sample.of([found["bare"] for found in checks]),
            "`in` of a frozenset",
        ),
        Row(
            SECTION,
            "… not held",
            "µs",
            Sample.of([found["refused"] for found in checks]),
            Sample.of([found["bare"] for found in checks]),
            "`in` of a frozenset",
        ),
    ]


async def _writes(context: ServiceContext, count: int) -> dict[str, float]:
    tenant_id = new_id()
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        row = await DepartmentService(uow).create(DepartmentCreate(name="Operations"))
        row_id = row.id
    walls: dict[str, list[float]] = {"audited": [], "unaudited": []}
    cpus: dict[str, list[float]] = {"audited": [], "unaudited": []}
    for number in range(2 * count + 20):
        kind = Unaudited if number % 2 else DepartmentService
        name = "unaudited" if number % 2 else "audited"
        wall, cpu = time.perf_counter(), time.process_time()
        await _update(context, tenant_id, row_id, kind, f"Number {number}")
        # The first ones prepare their statements.
        if number >= 20:
            walls[name].append(time.perf_counter() - wall)
            cpus[name].append(time.process_time() - cpu)
    found = {name: median(times) * 1e6 for name, times in walls.items()}
    return found | {f"{name}_cpu": median(times) * 1e6 for name, times in cpus.items()}


async def _update(
    context: ServiceContext, tenant_id: UUID, row_id: UUID, kind: type[DepartmentService], text: str
) -> None:
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        await kind(uow).update(row_id, DepartmentUpdate(description=text))


async def _entries(context: ServiceContext, batches: int) -> dict[str, float]:
    tenants = [new_id() for _ in range(20)]
    await _record(context, tenants)
    cpu = 0.0
    for _ in range(batches):
        cpu += await _record(context, tenants)
    began = time.perf_counter()
    checked = 0
    async with context.unit_of_work(platform=True) as uow:
        for tenant_id in tenants:
            found = await verify_chain(uow, tenant_id)
            if found.faults:
                raise RuntimeError(f"the chain of {tenant_id} is broken: {found.faults[0]}")
            checked += found.checked
    seconds = time.perf_counter() - began
    return {"entry": cpu / (batches * _BATCH) * 1e6, "checked": seconds / checked * 1e6}


async def _record(context: ServiceContext, tenants: list[UUID]) -> float:
    taken = []
    for number in range(_BATCH):
        event = change_recorded("crm", "updated", "deal", new_id(), {"name": "A"}, {"name": "B"})
        envelope = Envelope(
            id=new_id(),
            type=event.wire_name,
            source="crm",
            subject=event.subject,
            time=SystemClock().now(),
            tenant_id=tenants[number % len(tenants)],
            data=event.model_dump(mode="json"),
            actor=f"user:{new_id()}",
            correlation_id=str(new_id()),
            origin="203.0.113.7 token Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        )
        taken.append((envelope.data, envelope))
    began = time.process_time()
    async with context.unit_of_work(platform=True) as uow:
        await record_audit(taken, uow)
    return time.process_time() - began


def _permissions(count: int) -> dict[str, float]:
    actor = Actor(kind=ActorKind.USER, user_id=new_id(), permissions=_PERMISSIONS)
    return {
        "exact": _timed(lambda: actor.may("crm.deals.write"), count),
        "wildcard": _timed(lambda: actor.may("catalog.products.write"), count),
        "refused": _timed(lambda: actor.may("payments.refunds.write"), count),
        "bare": _timed(lambda: "crm.deals.write" in _PERMISSIONS, count),
    }


def _timed(work: Callable[[], object], count: int) -> float:
    began = time.perf_counter()
    for _ in range(count):
        work()
    return (time.perf_counter() - began) / count * 1e6
