"""Makes things go wrong as planned, and measures how long each death was felt."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import aiohttp

from deploy.e2e.proof.installation import SERVERS, Installation
from deploy.e2e.proof.plan import CUT, DEADLY, DELAY, FREEZE, KILL, ONE_WAY, REFUSE, STALL, STEP, Fault
from deploy.e2e.proof.steps import MOMENTS

_HEALTH = "/api/v1/admin/health"
# A cheap read of each service by the staff; any answer below 500 shows that the service serves. Without RabbitMQ all
# goes on, so there the health of all parts is asked for.
CANARIES = {
    "identity": "/api/v1/tenants?limit=1",
    "crm": "/api/v1/pipelines",
    "catalog": "/api/v1/categories",
    "orders": "/api/v1/orders?limit=1",
    "payments": "/api/v1/payments?limit=1",
    "notifications": "/api/v1/notifications?limit=1",
    "analytics": "/api/v1/analytics/dashboard",
    "gateway": "/healthz",
    "postgres": "/api/v1/orders?limit=1",
    "rabbitmq": _HEALTH,
    "fork_server": "/healthz",
}
RECOVERY_LIMIT = 120.0


@dataclass
class Recovery:
    """How long a death was felt, and what the gateway said meanwhile.

    Attributes:
        own_start: the seconds that a dead server took to take connections again; 0 for our own processes.
    """

    what: str
    seconds: float
    own_start: float
    statuses: Counter[str]

    @property
    def after_server(self) -> float:
        """Seconds from when everything that is needed was there to when the suite served again."""
        return max(0.0, self.seconds - self.own_start)

    def __str__(self) -> str:
        start = f" (its own start {self.own_start:.1f} s)" if self.own_start else ""
        return f"{self.what} {self.seconds:.1f} s{start}"


class Faults:
    """Carries out a plan against an installation.

    Attributes:
        killed: deaths by target; a step counts for the service that dies there.
        broken: faults of connections by kind.
        reached, missed: moments at which a process died, and those that no traffic came to.
    """

    def __init__(self, installation: Installation, seed: int, who: Callable[[], dict[str, str]]) -> None:
        self.installation = installation
        self.killed: Counter[str] = Counter()
        self.broken: Counter[str] = Counter()
        self.reached: list[str] = []
        self.missed: list[str] = []
        self.recoveries: list[Recovery] = []
        self.log: list[tuple[float, str]] = []
        self._chance = random.Random(f"{seed} faults")
        self._who = who
        self._armed: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._started = time.monotonic()

    @property
    def waiting_for(self) -> frozenset[str]:
        """The moments that are armed and that nobody has come to yet."""
        return frozenset(self._armed)

    async def carry_out(
        self, plan: list[Fault], seconds: float, on_step: Callable[[Fault], None], *, in_turn: bool
    ) -> None:
        """Spread a plan over so many seconds; returns when the last one has begun.

        `in_turn`: a death waits until the one before it is over (a minute at most), however long that takes.
        """
        pause = seconds / max(1, len(plan))
        death: asyncio.Task[None] | None = None
        for fault in plan:
            await asyncio.sleep(pause * self._chance.uniform(0.5, 1.5))
            if in_turn and death is not None and fault.kind in DEADLY:
                await asyncio.wait({death}, timeout=60)
            on_step(fault)
            self._say(str(fault))
            task = self._spawn(self._do(fault))
            death = task if fault.kind in DEADLY else death

    async def finish(self, patience: float) -> None:
        """Wait until every armed moment has been reached and every fault has ended; then disarm the rest."""
        until = time.monotonic() + patience
        while self._armed and time.monotonic() < until:  # noqa: ASYNC110 - a file that goes sets no event
            await asyncio.sleep(0.1)
        for moment in sorted(self._armed):
            (self.installation.moments / moment).unlink(missing_ok=True)
            self.missed.append(moment)
            self._say(f"nobody came to {moment}")
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=RECOVERY_LIMIT)

    async def _do(self, fault: Fault) -> None:
        if fault.kind == KILL:
            await self._kill(fault.where)
        elif fault.kind == STEP:
            await self._arm(fault.where)
        elif fault.kind == FREEZE:
            await self.freeze(fault.where, fault.seconds)
        else:
            await self._break(fault)

    async def _kill(self, target: str) -> None:
        for _ in range(100):
            if self.installation.kill(target):
                break
            await asyncio.sleep(0.1)  # It is dead already and being started again.
        else:
            return
        self.killed[target] += 1
        await self.watch(target, f"kill {target}")

    async def _arm(self, moment: str) -> None:
        path = self.installation.moments / moment
        path.touch()
        self._armed.add(moment)
        while path.exists():  # noqa: ASYNC110 - a file that goes sets no event
            await asyncio.sleep(0.05)
        if moment not in self._armed or moment in self.missed:
            return
        self._armed.discard(moment)
        self.reached.append(moment)
        service = MOMENTS[moment].dies
        self.killed[service] += 1
        self._say(f"{service} died at {moment}")
        await self.watch(service, moment)

    async def freeze(self, target: str, seconds: float) -> None:
        """Let a process hang for so long: it takes connections and does nothing."""
        pid = self.installation.pid_of(target)
        if pid is None:
            return
        self.broken[FREEZE] += 1
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            try:
                await asyncio.sleep(seconds)
            finally:
                os.kill(pid, signal.SIGCONT)

    async def _break(self, fault: Fault) -> None:
        link = self.installation.links[fault.where]
        self.broken[fault.kind] += 1
        if fault.kind == CUT:
            link.drop(lambda: self._chance.random() < fault.share)
        elif fault.kind == REFUSE:
            await link.refuse(fault.seconds)
        elif fault.kind == STALL:
            await link.stall(fault.seconds)
        elif fault.kind == DELAY:
            await link.delay(fault.share, fault.seconds)
        elif fault.kind == ONE_WAY:
            await link.one_way(fault.direction, fault.seconds)

    async def watch(self, target: str, what: str) -> Recovery:
        """Ask the target's canary until it answers again."""
        statuses: Counter[str] = Counter()
        started = time.monotonic()
        own_start = asyncio.create_task(self._own_start(target))
        url = self.installation.url + CANARIES[target]
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=40)) as session:
            while time.monotonic() - started < RECOVERY_LIMIT:
                said = await ask(session, url, self._who())
                statuses[said] += 1
                if said.isdigit() and int(said) < 500:
                    break
                await asyncio.sleep(0.05)
        recovery = Recovery(what, time.monotonic() - started, await own_start, statuses)
        self.recoveries.append(recovery)
        return recovery

    async def _own_start(self, target: str) -> float:
        """Seconds until a server takes connections again, past every proxy; 0 for what is no server."""
        started = time.monotonic()
        if target not in SERVERS:
            return 0.0
        while time.monotonic() - started < RECOVERY_LIMIT:
            if await self.installation.answers(target):
                break
            await asyncio.sleep(0.05)
        return time.monotonic() - started

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _say(self, text: str) -> None:
        self.log.append((time.monotonic() - self._started, text))


async def ask(session: aiohttp.ClientSession, url: str, who: dict[str, str]) -> str:
    """The status of one GET, or in which way no answer came."""
    try:
        async with session.get(url, headers=who) as response:
            body = await response.read()
            if response.status == 503 and "Retry-After" not in response.headers:
                return "503 without Retry-After"
            if url.endswith(_HEALTH) and b'"degraded"' in body:
                return "degraded"
            return str(response.status)
    except TimeoutError:
        return "time-out"
    except (aiohttp.ClientError, OSError):
        return "broken"
