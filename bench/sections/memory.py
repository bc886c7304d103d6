"""Memory of each process at rest and after use, of the embedded suite, and over a soak; and how soon a second start serves."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx

from bench import procfs
from bench.bench import Bench
from bench.load import Load, offer
from bench.plot import Points
from bench.plot import lines as plot
from bench.report import Row, most
from bench.stats import Sample
from bench.suite import Suite
from bench.use import use
from libs.common.runtime.embedded.ports import free_port

SECTION = "memory"
SOAK_RATE = 4.0  # whole paths a second, with GETs beside them
GET_RATE = 50.0
# 120 million bytes, in the megabytes of this table.
MOST_MB = 114.4
# What any process of this kind must hold: the interpreter and the libraries, and nothing of ours.
_BARE = """
import asyncio, aio_pika, fastapi, httpx, opentelemetry.sdk.trace, orjson, prometheus_client, psycopg_pool
import pydantic_settings, sqlalchemy.ext.asyncio, sqlalchemy.dialects.postgresql, uvicorn, uvloop
app = fastapi.FastAPI()
print("ready", flush=True)
asyncio.run(asyncio.sleep(3600))
"""


def measure(bench: Bench) -> list[Row]:
    """All rows of the section."""
    suite = bench.suite
    bench.say("fresh processes, at rest")
    suite.stop()
    suite.start()
    suite.settle()
    time.sleep(bench.options.some(10, 1))
    bare = Sample.of([_bare()])
    rows = _resident(suite, "at rest", bare)
    bench.say("the story, every operation and the ways to sign in")
    use(suite.url)
    suite.settle()
    # A process that rests gives pages back within 10 s.
    time.sleep(15)
    rows += _resident(suite, "idle again after use", bare)
    shops = [shop.to_json() for shop in bench.shops(2)]
    rows += _soak(bench, suite, shops)
    suite.stop()
    bench.say("the embedded suite")
    rows += _embedded(bench)
    suite.start()
    return rows


def _resident(suite: Suite, when: str, bare: Sample) -> list[Row]:
    return [
        Row(
            SECTION,
            f"{name} {when}, resident",
            "MB",
            Sample.of([procfs.memory_mb(member.process.pid, "Rss")]),
            bare,
            "a process with the same libraries imported and nothing else",
            most(MOST_MB),
        )
        for name, member in suite.members.items()
    ]


def _bare() -> float:
    process = subprocess.Popen([sys.executable, "-c", _BARE], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.2)
    found = procfs.memory_mb(process.pid, "Rss")
    process.terminate()
    process.wait()
    process.stdout.close()
    return found


def _soak(bench: Bench, suite: Suite, shops: list[dict[str, object]]) -> list[Row]:
    seconds = bench.options.soak
    bench.say(f"a soak of {seconds:.0f} s")
    offer(Load(suite.url, "whole", shops, connections=4, count=bench.options.some(200, 20)))
    suite.settle()
    orders, lists = (1.0, 5.0) if bench.options.quick else (SOAK_RATE, GET_RATE)
    shop = shops[0]
    headers = f"Authorization: Bearer {shop['owner_token']}\r\nX-Company-Id: {shop['tenant_id']}\r\n"
    item = {"path": "/api/v1/products", "headers": headers}
    loads = [
        Load(suite.url, "whole", shops, connections=16, seconds=seconds, rate=orders),
        Load(suite.url, "get", [item], connections=16, seconds=seconds, rate=lists),
    ]
    series: dict[str, list[tuple[float, float]]] = {name: [] for name in suite.members}
    began = time.monotonic()
    with ThreadPoolExecutor() as pool:
        running = [pool.submit(offer, load, may_fail=True) for load in loads]
        while not all(future.done() for future in running):
            for name, member in suite.members.items():
                series[name].append((time.monotonic() - began, procfs.memory_mb(member.process.pid, "Rss")))
            time.sleep(max(0.5, seconds / 200))
        failed = sum(future.result().failed for future in running)
    plot(
        bench.options.plots / "soak.svg",
        f"Resident memory of each process over {seconds:.0f} s of load",
        "seconds",
        "MB",
        series,
    )
    half = {name: _near(points, seconds / 2) for name, points in series.items()}
    end = {name: points[-1][1] for name, points in series.items()}
    most_grown = max(series, key=lambda name: end[name] - half[name])
    return [
        Row(
            SECTION,
            f"all processes after a soak of {seconds:.0f} s",
            "MB",
            Sample.of([sum(end.values())]),
            Sample.of([sum(half.values())]),
            f"at half of it; {orders:.0f} whole paths and {lists:.0f} lists a second, open loop",
            most(1.02, "ratio"),
        ),
        Row(SECTION, "… requests that failed meanwhile", "", Sample.of([failed]), target=most(0)),
        Row(
            SECTION,
            f"… most grown in the second half: {most_grown}",
            "MB",
            Sample.of([end[most_grown]]),
            Sample.of([half[most_grown]]),
            "at half of it",
        ),
    ]


def _near(points: Points, at: float) -> float:
    return min(points, key=lambda point: abs(point[0] - at))[1]


def _embedded(bench: Bench) -> list[Row]:
    folder = bench.options.folder.absolute().with_name("bench-embedded")
    process, _ = _up(folder)
    _end(process)
    starts, sizes = [], []
    for _ in range(bench.options.runs):
        process, seconds = _up(folder)
        starts.append(seconds)
        time.sleep(bench.options.some(10, 1))
        sizes.append(sum(_pss(pid) for pid in procfs.descendants(process.pid)))
        _end(process)
    return [
        Row(
            SECTION,
            "embedded suite at rest, Postgres included, proportional",
            "MB",
            Sample.of(sizes),
            target=most(450),
        ),
        Row(
            SECTION,
            "second start until it serves",
            "s",
            Sample.of(starts),
            target=most(10),
            note="`make run STORY=0`",
        ),
    ]


def _up(folder: Path) -> tuple[subprocess.Popen[bytes], float]:
    port = free_port()
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "AMQP_URL") and not name.startswith("PILLARS_")
    }
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "libs.common.runtime.cli", "up", "--port", str(port)],
        env={**environment, "PILLARS_HOME": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    while time.monotonic() - began < 300 and process.poll() is None:
        with suppress(httpx.HTTPError):
            if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2).status_code == 200:
                return process, time.monotonic() - began
        time.sleep(0.05)
    _end(process)
    raise TimeoutError("the embedded suite does not serve")


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    process.wait(60)


def _pss(pid: int) -> float:
    try:
        return procfs.memory_mb(pid, "Pss")
    except OSError:
        return 0.0
