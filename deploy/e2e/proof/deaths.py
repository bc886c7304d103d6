"""Each process killed with -9 in turn: how soon it serves again, and how soon the health of all parts is good."""

import asyncio

import aiohttp

from deploy.e2e.proof.client import Client
from deploy.e2e.proof.faults import CANARIES, ask
from deploy.e2e.proof.installation import PROCESSES
from deploy.e2e.proof.run import Run, Scenario

_AROUND = 5.0
_PATIENCE = 60.0
# The gateway may say for so long what it heard of the health of all before.
_REMEMBERED = 1.0


def deaths(limit: float) -> Scenario:
    """Kill every process once, the next when all is well again; `limit` are the seconds that this may take."""

    async def happen(run: Run, client: Client) -> None:
        assert run.faults is not None
        figures = {}
        for name in PROCESSES:
            await asyncio.sleep(_AROUND)
            run.say(f"kill -9 {name}")
            if not run.installation.kill(name):
                run.report.breaches.append(f"there was no process of {name} to kill")
                continue
            run.faults.killed[name] += 1
            began = asyncio.get_running_loop().time()
            serves = await _good(run, CANARIES[name], began)
            await asyncio.sleep(max(0.0, began + _REMEMBERED - asyncio.get_running_loop().time()))
            is_well = await _good(run, CANARIES["rabbitmq"], began)
            figures[f"{name} serves, and all is well after (s)"] = f"{serves:.2f}, {is_well:.2f}"
            run.say(f"{name} serves after {serves:.2f} s, all is well after {is_well:.2f} s")
            if is_well > limit:
                run.report.breaches.append(f"all was well only {is_well:.1f} s after kill -9 of {name}")
        run.report.scenarios["each process killed with -9"] = figures
        await asyncio.sleep(_AROUND)

    return happen


async def _good(run: Run, path: str, began: float) -> float:
    """Seconds from then until a path is answered with 200 (60 at most)."""
    clock = asyncio.get_running_loop().time
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_PATIENCE)) as session:
        while clock() - began < _PATIENCE:
            if await ask(session, run.installation.url + path, run.staff) == "200":
                break
            await asyncio.sleep(0.05)
    return clock() - began
