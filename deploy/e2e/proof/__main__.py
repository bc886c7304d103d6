"""`python -m deploy.e2e.proof`: run the proof, show what it did, exit with 1 on any breach."""

import asyncio
import logging
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deploy.e2e.proof.deaths import deaths
from deploy.e2e.proof.outage import AWAY
from deploy.e2e.proof.outage import outage as outage_of
from deploy.e2e.proof.poison import poison
from deploy.e2e.proof.pressure import pressure
from deploy.e2e.proof.rolling import rolling
from deploy.e2e.proof.run import Run, Wanted
from libs.common.runtime.commands.lifetime import run_async

console = Console(highlight=False)
# Enough of the table to touch checkout, relay, payment, consumers, activation, rules and renewals once each.
SHORT_STEPS = (
    "committed.catalog.stock_changed.v1",
    "committed.orders.order_placed.v1",
    "committed.payments.payment_succeeded.v1",
    "handled.orders.pay_order",
    "committed.crm.deal_won.v1",
    "crm.automation.performed",
    "payments.subscription.invoiced",
)


def prove(
    kills: Annotated[int, typer.Option(help="Deaths by SIGKILL, at named steps and at random moments")] = 20,
    minutes: Annotated[float, typer.Option(help="How long faults and trade go on")] = 4,
    seed: Annotated[int, typer.Option(help="What goes wrong is drawn from this")] = 1,
    buyers: Annotated[int, typer.Option(help="Buyers at once")] = 200,
    outage: Annotated[
        str,
        typer.Option(
            help="Instead: postgres:30 or rabbitmq:30, a server away for so many seconds; publishers:30, RabbitMQ taking "
            "nothing; orders:20, a process that hangs"
        ),
    ] = "",
    each_dies: Annotated[
        bool, typer.Option("--deaths", help="Instead: each process killed with -9, one after another")
    ] = False,
    recovery: Annotated[float, typer.Option(help="Seconds until all is well again, at most")] = 5.0,
    poisoned: Annotated[
        bool, typer.Option("--poison", help="Instead: poisonous messages in a queue")
    ] = False,
    rolls: Annotated[
        int, typer.Option("--rolling", help="Instead: so many rolling restarts, and no request may fail")
    ] = 0,
    load: Annotated[
        float, typer.Option("--pressure", help="Instead: so many times the load that it can hold")
    ] = 0.0,
    short: Annotated[bool, typer.Option(help="The short form that is part of the tests")] = False,
    report: Annotated[Path | None, typer.Option(help="Write the figures here as JSON")] = None,
    home: Annotated[
        Path | None, typer.Option(help="Folder of the installation; a temporary one otherwise")
    ] = None,
    keep: Annotated[bool, typer.Option(help="Keep the folder even if all is well")] = False,
) -> None:
    """Prove that nothing accepted is lost while processes die and connections break.

    Hundreds of buyers order scarce stock over eight processes and RabbitMQ, businesses register and are let in, money
    is charged and given back; processes, Postgres and RabbitMQ are killed with -9 at random and at each named step,
    connections are cut, stalled and delayed, webhooks come twice, late and out of order. Then everything dies at once
    and is started again, drains by itself, and is compared with what the clients were told.
    """
    folder = home or Path(tempfile.mkdtemp(prefix="pillars-proof-"))
    if short:
        wanted = Wanted(
            seed=seed,
            kills=len(SHORT_STEPS) + 1,
            seconds=10,
            buyers=50,
            registrars=2,
            subscribers=2,
            shops=1,
            steps=SHORT_STEPS,
            stock=(300, 200, 30, 20, 10),
            pace=8.0,
            in_turn=True,
        )
        repeat = f"python -m deploy.e2e.proof --short --seed {seed}"
    elif outage or each_dies or poisoned or rolls or load:
        wanted, repeat = _scenario(seed, buyers, outage, each_dies, recovery, rolls, load)
    else:
        # One does not run out, so that there is trade to the end; another may, and the others are gone soon.
        stock = (100_000, round(200 * minutes), 60, 25, 10, 5)
        wanted = Wanted(seed=seed, kills=kills, seconds=minutes * 60, buyers=buyers, stock=stock, pace=10.0)
        repeat = f"make prove KILLS={kills} MINUTES={minutes:g} SEED={seed} BUYERS={buyers}"
    # The keepers tell of each death of a server, and the library of each try to reach it; what became of it is in the
    # report.
    for teller in ("pillars.embedded", "aiormq"):
        logging.getLogger(teller).setLevel(logging.CRITICAL)
    started = time.monotonic()

    def say(text: str) -> None:
        console.print(f"[dim]{time.monotonic() - started:6.1f} s[/]  {text}", soft_wrap=True, markup=True)

    run = Run(wanted, folder, repeat, say)
    try:
        run_async(_quietly(run))
    except (KeyboardInterrupt, asyncio.CancelledError):
        run.report.breaches.append("the proof was stopped before its end")
    except Exception as error:
        run.report.breaches.append(f"the proof did not come to its end: {type(error).__name__}: {error}")
    run.report.show(console)
    if report is not None:
        run.report.write(report)
    if run.report.breaches or keep or home:
        console.print(f"logs and data are in {folder}", soft_wrap=True)
    else:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if run.report.breaches else 0)


def _scenario(
    seed: int, buyers: int, away: str, each_dies: bool, recovery: float, rolls: int, load: float
) -> tuple[Wanted, str]:
    """What one of the scenarios wants, and the command that repeats it."""
    plain = Wanted(
        seed=seed,
        kills=0,
        seconds=0,
        buyers=buyers,
        registrars=2,
        subscribers=2,
        stock=(1000, 500, 100, 20),
        pace=10.0,
        power_cut=False,
        steps=(),
    )
    command = f"python -m deploy.e2e.proof --seed {seed} --buyers {buyers}"
    if away:
        server, _, seconds = away.partition(":")
        if server not in AWAY:
            raise typer.BadParameter(f"there are {', '.join(AWAY)}, as in postgres:30")
        happen = outage_of(server, float(seconds or 30), recovery)
        return replace(plain, scenario=happen), f"{command} --outage {away} --recovery {recovery:g}"
    if each_dies:
        return replace(plain, scenario=deaths(recovery)), f"{command} --deaths --recovery {recovery:g}"
    if rolls:
        # Nothing between the processes, and nobody who tries again.
        return replace(
            plain, scenario=rolling(rolls), proxied=False, strict=True
        ), f"{command} --rolling {rolls}"
    if load:
        alone = replace(
            plain, scenario=pressure(load, 20), proxied=False, buyers=0, registrars=0, subscribers=0, shops=1
        )
        return alone, f"python -m deploy.e2e.proof --seed {seed} --pressure {load:g}"
    return replace(plain, scenario=poison), f"{command} --poison"


async def _quietly(run: Run) -> None:
    loop = asyncio.get_running_loop()
    # What breaks within the proxies is what they are for.
    loop.set_exception_handler(lambda *_: None)
    task = asyncio.ensure_future(run())
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    await task


if __name__ == "__main__":
    typer.run(prove)
