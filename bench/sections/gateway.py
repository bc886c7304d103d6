"""The gateway on one core beside nginx on the same core, and beside no gateway at all."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import httpx
import orjson

from bench.bench import Bench
from bench.load import Load, Seen, offer
from bench.nginx import Nginx, is_here
from bench.report import Row, least, most
from bench.shop import Shop
from bench.stats import Sample
from bench.suite import Suite
from bench.verifier import KEYS, signed_actor
from libs.common.actor import ACTOR_HEADER, ActorSigner, system_actor
from libs.common.runtime.embedded.ports import free_port

SECTION = "gateway"
MANY, FEW = 32, 8
_PROXIES = ("a verifier asked that remembers tokens", "which keeps the verifier's answers for 60 s")
_BODY = orjson.dumps({"items": [{"id": f"{n:032d}", "name": "House blend"} for n in range(16)]}).decode()


@dataclass(frozen=True, slots=True)
class Way:
    """A way to the same answer: who is asked, and how."""

    url: str
    path: str
    headers: Callable[[], str]

    def load(self, work: str, connections: int, seconds: float, core: int, rate: float | None = None) -> Load:
        """A load on it from the given core."""
        item = {"path": self.path, "headers": self.headers()}
        return Load(
            self.url,
            work,
            [item],
            connections=connections,
            seconds=seconds,
            warm_up=1,
            rate=rate,
            cores=(core,),
        )


def measure(bench: Bench) -> list[Row]:
    """All rows of the section; those beside nginx only where it is installed."""
    cores = sorted(os.sched_getaffinity(0))
    ours, others = cores[0], cores[-1]
    suite = bench.suite
    shop = bench.shops(1)[0]
    with ExitStack() as stack:
        # What is not asked would only take time from what is.
        suite.stop(*(name for name in list(suite.members) if name not in ("identity", "catalog")))
        for name in ("identity", "catalog"):
            os.sched_setaffinity(suite.members[name].process.pid, (others,))
        if is_here():
            instant = stack.enter_context(Nginx.instant(suite.folder / "instant", _BODY, (others,)))
        else:
            bench.say("nginx is not installed (apt-get install nginx-light): its rows are left out")
            instant = None
        rows = _rows(bench, suite, shop, stack, ours, others, instant)
    suite.stop()
    suite.start()
    return rows


def _rows(
    bench: Bench, suite: Suite, shop: Shop, stack: ExitStack, ours: int, others: int, instant: Nginx | None
) -> list[Row]:
    catalog = f"http://127.0.0.1:{suite.ports['catalog']}"
    product = httpx.get(
        f"{catalog}/products", headers={ACTOR_HEADER: _actor(suite, shop)}, params={"limit": 1}
    ).json()["items"][0]["id"]
    # On the core of nginx, with which it does what the gateway does alone.
    verifier = _start_verifier(suite, stack, ours) if instant else ""
    rows: list[Row] = []
    services = {"catalog": catalog}
    if instant:
        services = {"a service that answers at once": instant.url, **services}
    for what, service in services.items():
        gateway = _start_gateway(suite, stack, service, ours, what)
        path = f"/products/{product}"
        token = f"Authorization: Bearer {shop.owner_token}\r\nX-Company-Id: {shop.tenant_id}\r\n"
        through = Way(gateway, f"/api/v1{path}", lambda token=token: token)  # type: ignore[misc]
        direct = Way(service, path, lambda: f"{ACTOR_HEADER}: {_actor(suite, shop)}\r\n")
        proxies = []
        for keeps in (False, True) if instant else ():
            folder = suite.folder / f"nginx-{free_port()}"
            proxy = stack.enter_context(Nginx.gateway(folder, service, verifier, (ours,), keeps=keeps))
            proxies.append(Way(proxy.url, f"/api/v1{path}", through.headers))
        rows += _compare(bench, what, through, direct, proxies, others)
    return rows


def _compare(
    bench: Bench, what: str, through: Way, direct: Way, proxies: Sequence[Way], core: int
) -> list[Row]:
    seconds = bench.options.some(8, 1)
    many: list[tuple[Seen, Seen, list[Seen]]] = []
    few: list[tuple[Seen, Seen]] = []
    paced: list[tuple[Seen, Seen]] = []

    def once() -> None:
        many.append(
            (
                offer(through.load("flood", MANY, seconds, core)),
                offer(direct.load("flood", MANY, seconds, core)),
                [offer(nginx.load("flood", MANY, seconds, core)) for nginx in proxies],
            )
        )
        few.append(
            (
                offer(through.load("flood", FEW, seconds, core)),
                offer(direct.load("flood", FEW, seconds, core)),
            )
        )
        # Half of what goes through at most: how long it takes where nobody queues.
        rate = min(1000.0, many[-1][0].rate / 2)
        paced.append(
            (
                offer(through.load("get", MANY, seconds, core, rate)),
                offer(direct.load("get", MANY, seconds, core, rate)),
            )
        )

    bench.runs(f"GET of {what} through the gateway, direct, and through nginx", once)
    rates = Sample.of([a.rate for a, _, _ in many])
    rows = [
        Row(
            SECTION,
            f"GET of {what}, {MANY} connections",
            "requests/s",
            rates,
            Sample.of([b.rate for _, b, _ in many]),
            "the same GET direct at the service with a signed actor",
        )
    ]
    for number, how in enumerate(_PROXIES[: len(proxies)]):
        beside = [seen[number] for _, _, seen in many]
        busy = max(seen.busy for seen in beside)
        rows.append(
            Row(
                SECTION,
                f"… beside nginx, {how}",
                "requests/s",
                rates,
                Sample.of([seen.rate for seen in beside]),
                f"nginx and the verifier on the same core, auth_request (load generator {busy:.0%} busy)",
                least(0.25, "ratio"),
            )
        )
    rows += [
        Row(
            SECTION,
            f"… p50 added at {FEW} connections, closed loop",
            "ms",
            Sample.of([a.p50 - b.p50 for a, b in few]),
            target=most(1.5),
        ),
        Row(
            SECTION,
            "… open loop at half of that rate (1,000/s at most), p50",
            "ms",
            Sample.of([a.p50 for a, _ in paced]),
            Sample.of([b.p50 for _, b in paced]),
            "the same GET direct",
        ),
        Row(
            SECTION,
            "… p99",
            "ms",
            Sample.of([a.p99 for a, _ in paced]),
            Sample.of([b.p99 for _, b in paced]),
            "the same GET direct",
        ),
    ]
    return rows


def _actor(suite: Suite, shop: Shop) -> str:
    secret = suite.common.secret_key.get_secret_value()
    return signed_actor(secret, shop.tenant_id, shop.tenant_id, shop.owner_email)


def _start_gateway(suite: Suite, stack: ExitStack, service: str, core: int, what: str) -> str:
    port, name = free_port(), f"gateway for {what}"
    environment = {"PILLARS_UPSTREAMS": suite.upstreams(catalog=service)}
    suite.spawn("gateway", name=name, port=port, environment=environment, cores=(core,))
    stack.callback(suite.stop, name)
    url = f"http://127.0.0.1:{port}"
    suite.wait_until_alive(url)
    return url


def _start_verifier(suite: Suite, stack: ExitStack, core: int) -> str:
    signer = ActorSigner(suite.common.secret_key.get_secret_value())
    keys = httpx.get(
        f"http://127.0.0.1:{suite.ports['identity']}/.well-known/jwks.json",
        headers={ACTOR_HEADER: signer.sign(system_actor("gateway"), time.time())},
    ).text
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.verifier", str(port)], env={**os.environ, KEYS: keys}
    )
    os.sched_setaffinity(process.pid, (core,))
    stack.callback(process.wait)
    stack.callback(process.terminate)
    url = f"http://127.0.0.1:{port}"
    suite.wait_for(url, status=401)
    return url
