"""Tests made by schemathesis from the merged API document, as the operator's staff, an owner, a client and nobody.

`python -m deploy.e2e.hostile.schema --minutes 30 --seed 7` runs it long, on a suite of its own or on one at `--url`;
it exits with 1 if anything was found.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import httpx
import schemathesis
import typer
from rich.console import Console
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema

from deploy.demo.story import ADMIN, Story
from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.runtime.embedded.postgres import EmbeddedPostgres
from libs.common.runtime.host import Host, listen
from libs.common.runtime.install import install
from libs.common.runtime.registry import load_all, load_gateway
from libs.common.settings import CommonSettings

Json = dict[str, Any]
Headers = dict[str, str]

# What would end the caller's own session or rights, after which the rest of the run would test nothing, and what never
# ends its answer.
LEFT_OUT = (
    r"/auth/(logout|sessions|password|refresh)",
    r"/tenants/[^/]*/(suspend|close|sign-in-policy)",
    r"/privacy/erasures$",
    r"/stream$",
)
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "allow_header_conformance",
)
# Beside what is common: a body or an address may be refused for its size before anyone reads what is wrong with it.
REFUSED = ("400", "401", "403", "404", "405", "406", "409", "413", "414", "415", "422", "428", "429", "431")
# One turn of a long run; access tokens live longer than this.
TURN_SECONDS = 120
SERVICES = ("identity", "crm", "catalog", "orders", "payments", "notifications", "analytics", "gateway")


@dataclass(frozen=True)
class Finding:
    """One kind of failure of one operation, with the request that shows it and what was answered."""

    operation: str
    title: str
    message: str
    answer: str
    sample: str

    def __str__(self) -> str:
        return f"{self.operation}: {self.title}\n    {self.message}\n    {self.answer}\n    {self.sample}"


@dataclass
class Outcome:
    """What a run did."""

    requests: int = 0
    operations: set[str] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, other: "Outcome") -> None:
        """Take in another one."""
        self.requests += other.requests
        self.operations |= other.operations
        self.statuses += other.statuses
        self.findings |= other.findings
        self.errors += other.errors
        self.seconds += other.seconds


def attack(
    document: Json,
    url: str,
    headers: Headers,
    *,
    seed: int,
    examples: int,
    seconds: int | None = None,
    phases: Iterable[str] = ("fuzzing",),
    service: str | None = None,
) -> Outcome:
    """One run over every operation, or those of one service, with these headers on each request.

    With `seconds` it goes on until they are over. That a credential is asked for is checked where one is sent.
    """
    checks = (*CHECKS, "ignored_auth") if "Authorization" in headers else CHECKS
    wanted = set(phases)
    config = SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "base-url": url,
            "headers": headers,
            "workers": 2,
            "continue-on-failure": True,
            "request-timeout": 30,
            "generation": {
                "max-examples": examples,
                "no-shrink": True,
                "database": "none",
                "with-security-parameters": False,
            },
            "phases": {
                name: {"enabled": name in wanted} for name in ("examples", "coverage", "fuzzing", "stateful")
            },
            "checks": {
                "enabled": False,
                **{name: {"enabled": True} for name in checks},
                "negative_data_rejection": {"enabled": True, "expected-statuses": REFUSED},
            },
            "suppress-health-check": ["all"],
        }
    )
    config.max_time = seconds
    api = schemathesis.openapi.from_dict(document, config=config)
    for pattern in LEFT_OUT:
        api = api.exclude(path_regex=pattern)
    if service:
        api = api.include(tag_regex=f"^{service}(:|$)")
    outcome = Outcome()
    began = time.monotonic()
    for event in from_schema(api).execute():
        if isinstance(event, events.ScenarioFinished):
            _read(event, outcome)
        elif isinstance(event, events.NonFatalError):
            outcome.errors.append(f"{event.label}: {event.value!r}")
        elif isinstance(event, events.FatalError):
            raise event.exception
    outcome.seconds = time.monotonic() - began
    return outcome


def _read(event: events.ScenarioFinished, outcome: Outcome) -> None:
    recorder = event.recorder
    for case_id, interaction in recorder.interactions.items():
        outcome.requests += 1
        if interaction.response is not None:
            outcome.statuses[interaction.response.status_code] += 1
        node = recorder.cases.get(case_id)
        if node is not None:
            outcome.operations.add(node.value.operation.label)
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.status != Status.FAILURE or check.failure_info is None:
                continue
            failure = check.failure_info.failure
            if check.name == "ignored_auth" and "`429 " in failure.message:
                # Who tries so many credentials is slowed down, and let in as little.
                continue
            label = recorder.cases[case_id].value.operation.label
            answer = recorder.interactions[case_id].response
            body = answer.text[:600] if answer is not None else "no answer"
            outcome.findings.setdefault(
                (label, failure.title),
                Finding(
                    label, failure.title, failure.message[:600], body, check.failure_info.code_sample[:1500]
                ),
            )


async def personas(http: httpx.AsyncClient) -> dict[str, Headers]:
    """The headers of each kind of caller, all for one new business that trades."""
    story = Story(http, Console(quiet=True))
    for step in (
        story.a_business_registers,
        story.staff_see_it,
        story.the_deal_is_won,
        story.the_owner_sets_up_shop,
    ):
        await step()
    shop = {"X-Company-Id": story.company}
    buyer = {"email": f"client-{story.run}@example.com", "password": f"Buyer-{story.run}-9"}
    person = {**buyer, "first_name": "Thabo", "last_name": "Nkosi", "company_id": story.company}
    await story.call("POST", "/auth/signup", status=201, json=person)
    return {
        "owner": story.owner,
        "staff": {**await story.sign_in(**ADMIN), "X-Company-Id": str(OPERATOR_TENANT_ID)},
        "client": {**await story.sign_in(**buyer), **shop},
        "nobody": shop,
    }


async def is_signed_in(http: httpx.AsyncClient, headers: Headers) -> bool:
    """Whether the credential still holds: without it a run would have tested refusals only."""
    answer = await http.get("/api/v1/auth/me", headers=headers)
    return (answer.status_code == 200) == ("Authorization" in headers)


@contextlib.asynccontextmanager
async def _suite() -> AsyncIterator[str]:
    """A suite in this process, with a database of its own; gives its address."""
    with TemporaryDirectory(prefix="pillars-hostile-") as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres", durable=False, max_connections=300)
        database = await asyncio.to_thread(server.start)
        try:
            listener = listen(18000)
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            settings = CommonSettings(
                environment="test", database_url=database, amqp_url=None, public_url=url
            )
            await install(load_all(), settings)
            host, stop = Host(load_all(), settings, gateway=load_gateway()), asyncio.Event()
            serving = asyncio.create_task(host.serve(await host.start(), listener, stop))
            await host.bus_joined()
            yield url
            stop.set()
            await serving
            await host.close()
        finally:
            await asyncio.to_thread(server.stop)


async def run(url: str, *, minutes: float, seed: int, console: Console) -> Outcome:
    """Turns until the time is over: each caller in turn, by examples drawn anew, by cover of one service, by chains."""
    total = Outcome()
    end = time.monotonic() + minutes * 60
    turn = 0
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        while (left := end - time.monotonic()) > 5 or not turn:
            callers = await personas(http)
            document = (await http.get("/api/v1/schema")).json()
            name = list(callers)[turn % len(callers)]
            phase = ("fuzzing", "coverage", "stateful")[turn % 3]
            service = SERVICES[turn // 3 % len(SERVICES)] if phase == "coverage" else None
            outcome = await asyncio.to_thread(
                attack,
                document,
                url,
                callers[name],
                seed=seed + turn,
                examples=10,
                seconds=max(5, round(min(TURN_SECONDS, left))),
                phases=(phase,),
                service=service,
            )
            if not await is_signed_in(http, callers[name]):
                outcome.errors.append(f"{name} was signed out on the way (seed {seed + turn}, {phase})")
            console.print(
                f"  {phase:<9}{service or '':<14} as {name:<7} seed {seed + turn}: {outcome.requests} requests to "
                f"{len(outcome.operations)} operations, {len(outcome.findings)} findings"
            )
            for each in (*outcome.findings.values(), *outcome.errors):
                console.print(str(each), markup=False)
            total.add(outcome)
            turn += 1
    return total


def main(
    minutes: Annotated[float, typer.Option(help="How long")] = 10,
    seed: Annotated[int, typer.Option(help="The same seed sends the same requests")] = 1,
    url: Annotated[str | None, typer.Option(help="A running suite; without it one is started")] = None,
) -> None:
    """Attack a suite by its API document and print what was found."""
    console = Console(highlight=False, soft_wrap=True)

    async def attack_it() -> Outcome:
        async with contextlib.AsyncExitStack() as stack:
            base = url or await stack.enter_async_context(_suite())
            return await run(base, minutes=minutes, seed=seed, console=console)

    outcome = asyncio.run(attack_it())
    console.print(
        f"{outcome.requests} requests to {len(outcome.operations)} operations in {outcome.seconds:.0f} s: "
        f"{len(outcome.findings)} findings, {len(outcome.errors)} errors; "
        + ", ".join(f"{status}: {number}" for status, number in sorted(outcome.statuses.items()))
    )
    raise typer.Exit(1 if outcome.findings or outcome.errors else 0)


if __name__ == "__main__":
    typer.run(main)
