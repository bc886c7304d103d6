"""Three times the load that the suite can hold: it sheds, serves what it accepts about as fast as ever, and recovers."""

import asyncio
import statistics
from collections import Counter
from dataclasses import dataclass, field

import aiohttp

from deploy.e2e.proof.client import Client
from deploy.e2e.proof.installation import PROCESSES
from deploy.e2e.proof.processes import memory_mb
from deploy.e2e.proof.run import Run, Scenario

_WORKERS = 24
_MEASURE_SECONDS = 8.0
_ACCEPTED = frozenset({"200", "201"})
_SHED = frozenset({"429", "503"})
# The p99 of what is accepted may grow to so many times that of full load, once it is no burst; and memory by so much.
_P99_FACTOR = 3.0
_P99_OF_ALL_SECONDS = 1.0
_MEMORY_FACTOR = 1.3
_RECOVERY_SECONDS = 5.0
# So long it may be a burst, which waits its turn.
_BURST_SECONDS = 4.0


@dataclass
class _Seen:
    """The answers: by status, and of those accepted when each was asked for and how many seconds it took."""

    statuses: Counter[str] = field(default_factory=Counter)
    accepted: list[tuple[float, float]] = field(default_factory=list)

    @property
    def p99(self) -> float:
        """Seconds within which 99 of 100 accepted requests were answered."""
        return _p99([took for _, took in self.accepted])

    def p99_since(self, began: float) -> float:
        """The same of those asked for since then."""
        return _p99([took for at, took in self.accepted if at >= began])


def _p99(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=100)[98] if len(seconds) > 1 else 0.0


def pressure(factor: float, seconds: float) -> Scenario:
    """Measure what it can hold with a closed loop, then send so many times as much for so long in an open one."""

    async def happen(run: Run, client: Client) -> None:
        clock = asyncio.get_running_loop().time
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=60)
        ) as session:
            run.say("measuring what it can hold")
            full = _Seen()
            end = clock() + _MEASURE_SECONDS
            await asyncio.gather(*(_closed(session, run, full, end) for _ in range(_WORKERS)))
            rate = len(full.accepted) / _MEASURE_SECONDS
            memory = _memory(run)
            run.say(f"it holds {rate:.0f} requests/s; sending {factor * rate:.0f}/s for {seconds:g} s")
            much = _Seen()
            pending = []
            began = clock()
            for number in range(round(factor * rate * seconds)):
                # By the clock alone, however slow the answers are: nothing is left out.
                await asyncio.sleep(max(0.0, began + number / (factor * rate) - clock()))
                pending.append(asyncio.create_task(_one(session, run, much)))
            peak = _memory(run)
            ended = clock()
            await asyncio.gather(*pending)
            after = _Seen()
            while clock() - ended < 60:
                await _one(session, run, after)
                if after.accepted and after.accepted[-1][1] < max(1.0, full.p99):
                    break
            recovered = clock() - ended
        run.report.scenarios[f"{factor:g} times the load"] = {
            "holds (requests/s)": round(rate, 1),
            "p99 then (ms)": round(full.p99 * 1000),
            "accepted:": len(much.accepted),
            "shed:": sum(n for status, n in much.statuses.items() if status in _SHED),
            "p99 of what was accepted (ms)": round(much.p99 * 1000),
            "p99 once it was clear that it is no burst (ms)": round(
                much.p99_since(began + _BURST_SECONDS) * 1000
            ),
            "memory before, at the peak (MB)": f"{memory:.0f}, {peak:.0f}",
            "well again after (s)": round(recovered, 1),
        }
        breaches = run.report.breaches
        breaches += [
            f"{n} requests were answered with {status} under pressure"
            for status, n in much.statuses.items()
            if status not in _ACCEPTED | _SHED
        ]
        lasting = much.p99_since(began + _BURST_SECONDS)
        if lasting > _P99_FACTOR * max(full.p99, 0.1):
            breaches.append(f"p99 of what was accepted grew from {full.p99:.2f} s to {lasting:.2f} s")
        if much.p99 > _P99_OF_ALL_SECONDS:
            breaches.append(f"p99 of what was accepted was {much.p99:.2f} s, the onset included")
        if peak > _MEMORY_FACTOR * memory:
            breaches.append(f"memory grew from {memory:.0f} MB to {peak:.0f} MB")
        if recovered > _RECOVERY_SECONDS:
            breaches.append(f"it was well again only after {recovered:.1f} s")

    return happen


async def _closed(session: aiohttp.ClientSession, run: Run, seen: _Seen, end: float) -> None:
    while asyncio.get_running_loop().time() < end:
        await _one(session, run, seen)


async def _one(session: aiohttp.ClientSession, run: Run, seen: _Seen) -> None:
    """Start a cart: a write, through gateway, identity's knowledge of the shop, and orders."""
    clock = asyncio.get_running_loop().time
    began = clock()
    try:
        async with session.post(
            f"{run.installation.url}/api/v1/carts", headers=run.shops[0].guest, json={"currency": "ZAR"}
        ) as response:
            await response.read()
            status = str(response.status)
            if status in _SHED and "Retry-After" not in response.headers:
                status += " without Retry-After"
    except TimeoutError:
        status = "time-out"
    except (aiohttp.ClientError, OSError):
        status = "broken"
    seen.statuses[status] += 1
    if status in _ACCEPTED:
        seen.accepted.append((began, clock() - began))


def _memory(run: Run) -> float:
    return sum(memory_mb(run.installation.pid_of(name) or 0) for name in PROCESSES)
