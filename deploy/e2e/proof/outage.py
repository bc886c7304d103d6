"""Postgres, RabbitMQ or a process away for so long: what the gateway says meanwhile, and how soon all is well again."""

import asyncio
from collections import Counter

import aiohttp

from deploy.e2e.proof.client import Client
from deploy.e2e.proof.faults import CANARIES, ask
from deploy.e2e.proof.installation import PROCESSES, SERVERS
from deploy.e2e.proof.run import Run, Scenario
from libs.common.runtime.registry import NAMES

_BEFORE = 8.0
_AFTER = 8.0
# The gateway waits for a service at most so long; a little more for the way.
_TIME_LIMIT = 31.0
# RabbitMQ is there and takes no messages, as when its memory or its disk is full.
PUBLISHERS = "publishers"
HEALTH = "health of all parts"
AWAY = (*SERVERS, PUBLISHERS, *PROCESSES)
_FINE = frozenset({"200", "503", "504"})


def outage(server: str, seconds: float, limit: float) -> Scenario:
    """Have a server or a process be away for so long; `limit` are the seconds that recovery may take."""

    async def happen(run: Run, client: Client) -> None:
        await asyncio.sleep(_BEFORE)
        run.say(f"{server} goes away for {seconds:g} s")
        away = asyncio.create_task(_be_away(run, server, seconds))
        # Without RabbitMQ all services serve, so that all is over is told by the health of all parts alone.
        watched = (*NAMES, server) if server == "rabbitmq" else NAMES
        seen = await asyncio.gather(*(_watch(run, name, away) for name in watched))
        statuses: Counter[str] = Counter()
        slowest = 0.0
        recovered = {}
        for name, (said, longest, after) in zip(watched, seen, strict=True):
            what = HEALTH if name == "rabbitmq" else name
            slowest = max(slowest, longest)
            recovered[what] = round(after, 2)
            if name == "rabbitmq":
                said = Counter({"200": said["200"] + said["degraded"]})
            statuses += said
            for status in said.keys() - _FINE:
                run.report.breaches.append(f"{what} was answered with {status} while {server} was away")
            if after > limit:
                run.report.breaches.append(f"{what} recovered only {after:.1f} s after {server} was back")
        if slowest > _TIME_LIMIT:
            run.report.breaches.append(f"an answer took {slowest:.1f} s while {server} was away")
        if server in ("rabbitmq", PUBLISHERS) and statuses.keys() != {"200"}:
            run.report.breaches.append(f"requests failed for want of RabbitMQ: {dict(statuses)}")
        run.report.scenarios[f"{server} away for {seconds:g} s"] = {
            **{f"answered {status}:": n for status, n in sorted(statuses.items())},
            "slowest answer (s)": round(slowest, 2),
            **{f"{what} back after (s)": after for what, after in recovered.items()},
        }
        run.say(f"back after (s): {', '.join(f'{what} {after}' for what, after in recovered.items())}")
        await asyncio.sleep(_AFTER)

    return happen


async def _be_away(run: Run, server: str, seconds: float) -> float:
    """Let a server be dead and unreachable, RabbitMQ take nothing, or a process hang; gives when that was over."""
    installation, faults = run.installation, run.faults
    assert faults is not None
    if server == PUBLISHERS:
        await installation.hold_publishers(seconds)
    elif server in SERVERS:
        links = [link for name, link in installation.links.items() if name.endswith(server)]
        installation.kill(server)
        faults.killed[server] += 1
        await asyncio.gather(*(link.refuse(seconds) for link in links))
        # One that takes longer than that to start is away until it takes connections.
        while not await installation.answers(server):  # noqa: ASYNC110 - a server that starts sets no event
            await asyncio.sleep(0.05)
    else:
        await faults.freeze(server, seconds)
    return asyncio.get_running_loop().time()


async def _watch(run: Run, service: str, away: "asyncio.Task[float]") -> tuple[Counter[str], float, float]:
    """Ask a service all the time: the answers until the outage was over, the slowest, and seconds to the first good one."""
    said: Counter[str] = Counter()
    slowest = 0.0
    clock = asyncio.get_running_loop().time
    url = run.installation.url + CANARIES[service]
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
        while True:
            began = clock()
            over = away.result() if away.done() else None
            answer = await ask(session, url, run.staff)
            slowest = max(slowest, clock() - began)
            if over is not None and answer == "200":
                return said, slowest, clock() - over
            said[answer] += 1
            await asyncio.sleep(0.1)
