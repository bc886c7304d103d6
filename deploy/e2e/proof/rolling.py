"""A rolling restart of every process under load, and SIGTERM to each: no request fails, though no client tries twice."""

import asyncio
import os
import signal
import sys
import time

from deploy.e2e.proof.client import Client
from deploy.e2e.proof.processes import processes, role_of
from deploy.e2e.proof.run import Run, Scenario

_AROUND = 5.0
_PATIENCE = 60.0


def rolling(times: int) -> Scenario:
    """Restart everything so many times, as an operator does, with `pillars restart`; then end one process after another."""

    async def happen(run: Run, client: Client) -> None:
        await asyncio.sleep(_AROUND)
        took = []
        for number in range(times):
            run.say(f"rolling restart {number + 1} of {times}")
            began = time.monotonic()
            restart = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "libs.common.runtime.cli", "restart"),
                env={**os.environ, "PILLARS_HOME": str(run.installation.home)},
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            said, _ = await restart.communicate()
            took.append(time.monotonic() - began)
            if restart.returncode != 0:
                run.report.breaches.append(f"the restart failed: {said.decode(errors='replace')[-300:]}")
        for role, pid in list(processes(run.installation.home)):
            if role != "fork_server":
                run.say(f"SIGTERM to {role}")
                await _terminate(run, role, pid)
        await asyncio.sleep(_AROUND)
        failed = run.book.failed
        run.report.scenarios["rolling restart"] = {
            "restarts of all processes:": times,
            "each took (s)": round(sum(took) / len(took), 1),
            "requests:": sum(run.book.statuses.values()),
            "failed:": sum(failed.values()),
        }
        run.report.breaches += [f"{n} x {what} failed in a rolling restart" for what, n in failed.items()]

    return happen


async def _terminate(run: Run, role: str, pid: int) -> None:
    """Ask one process to end, and wait until it is gone and another has its role."""
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + _PATIENCE
    while role_of(pid) is not None or role not in dict(processes(run.installation.home)):
        if time.monotonic() > until:
            run.report.breaches.append(f"{role} was not replaced within {_PATIENCE:.0f} s of SIGTERM")
            return
        await asyncio.sleep(0.2)
