"""One copy and two copies of orders and catalog, with their relays and consumers: the rates, and whether all is right."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack

from bench.bench import Bench
from bench.load import Load, offer
from bench.nginx import Nginx, is_here
from bench.report import Row, least, most
from bench.sections.checkout import Cost, cost
from bench.stats import Sample
from bench.suite import Suite
from libs.common.runtime.embedded.ports import free_port

SECTION = "scale-out"
COPIED = ("orders", "catalog")
CONNECTIONS = 16


def measure(bench: Bench) -> list[Row]:
    """All rows of the section; none where there is no nginx to share the requests."""
    if not is_here():
        bench.say(
            "nginx is not installed (apt-get install nginx-light): nothing shares requests among copies"
        )
        return []
    suite, count = bench.suite, bench.options.some(400, 40)
    items = [shop.to_json() for shop in bench.shops(bench.options.some(4, 2))]
    suite.stop()
    fronts = {name: free_port() for name in COPIED}
    elsewhere = suite.upstreams(**{name: f"http://127.0.0.1:{port}" for name, port in fronts.items()})
    before, os.environ["PILLARS_UPSTREAMS"] = os.environ["PILLARS_UPSTREAMS"], elsewhere
    load = Load(suite.url, "whole", items, connections=CONNECTIONS, count=count)
    found: dict[int, list[Cost]] = {1: [], 2: []}

    def once() -> None:
        for copies in found:
            bench.say(f"… {'one copy' if copies == 1 else 'two copies'}")
            found[copies].append(_with(suite, fronts, copies, load))

    try:
        bench.runs("one copy, then two, of orders and catalog", once)
    finally:
        os.environ["PILLARS_UPSTREAMS"] = before
    bench.say("pillars verify")
    breaches = _verify()
    suite.start()
    cores = len(os.sched_getaffinity(0))
    return [
        Row(
            SECTION,
            "whole paths with two copies of orders and catalog",
            "orders/s",
            Sample.of([c.rate for c in found[2]]),
            Sample.of([c.rate for c in found[1]]),
            f"one copy. All on {cores} cores"
            + (
                ", which one copy with database, broker and load keeps busy: nothing is left for a second"
                if cores < 8
                else ""
            ),
            least(1.6, "ratio"),
        ),
        Row(
            SECTION,
            "… server CPU",
            "ms/order",
            Sample.of([c.cpu for c in found[2]]),
            Sample.of([c.cpu for c in found[1]]),
            "one copy: what copies cost each other by waiting and retrying would show here",
            most(1.1, "ratio"),
        ),
        Row(SECTION, "… breaches that `pillars verify` finds", "", Sample.of([breaches]), target=most(0)),
    ]


def _with(suite: Suite, fronts: dict[str, int], copies: int, load: Load) -> Cost:
    with ExitStack() as stack:
        for name, port in fronts.items():
            ports = [suite.ports[name], *(free_port() for _ in range(copies - 1))]
            for number, extra in enumerate(ports[1:], start=2):
                suite.spawn(name, name=f"{name} {number}", port=extra)
            stack.enter_context(Nginx.balancer(suite.folder / f"front-{name}-{copies}", port, ports))
        suite.start()
        _wait_for_copies(suite)
        warm = Load(
            load.url,
            load.work,
            load.items,
            connections=load.connections,
            count=max(10, (load.count or 0) // 4),
        )
        offer(warm)
        idle = suite.idle()
        found = cost(suite, load, idle)
        suite.stop()
    return found


def _wait_for_copies(suite: Suite) -> None:
    for member in suite.members.values():
        suite.wait_for(f"http://127.0.0.1:{member.port}/readyz")


def _verify() -> float:
    command: Sequence[str] = [sys.executable, "-m", "libs.common.runtime.cli", "verify"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    counted = re.search(r"invariants: (\d+) breaches", done.stdout)
    if done.returncode == 0:
        return 0
    if counted is None:
        raise RuntimeError(f"pillars verify failed: {done.stdout[-500:]} {done.stderr[-500:]}")
    return float(counted[1])
