"""`pillars keys`: what is needed to exchange keys; the order of steps is in docs/operations.md."""

import asyncio
import base64
import secrets
import time
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from libs.common.crypto import KeyRing
from libs.common.db.encrypted import REENCRYPT, keys_in_use
from libs.common.runtime.commands.installation import installation
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.registry import load, load_all
from libs.common.settings import CommonSettings

app = typer.Typer(help="Encryption keys, secret key and signing keys.", no_args_is_help=True)
console = Console(highlight=False)


@app.command("show")
def show() -> None:
    """The keys of this environment by their fingerprints; the keys themselves are never shown."""
    common = installation()
    ring = KeyRing.parse(common.encryption_keys.get_secret_value())
    table = Table("Key", "Id", "Fingerprint", "Use")
    for name, fingerprint in ring.fingerprints().items():
        table.add_row("encryption", name, fingerprint, "encrypts" if name == ring.current else "decrypts")
    console.print(table)
    others = len(common.other_keys)
    console.print(
        f"PILLARS_SECRET_KEY signs; {others} other {'key is' if others == 1 else 'keys are'} accepted"
    )


@app.command("new")
def new(
    name: Annotated[str, typer.Argument(help="id of the new encryption key, such as k2")] = "",
) -> None:
    """Make a key: an entry of PILLARS_ENCRYPTION_KEYS where an id is given, else a PILLARS_SECRET_KEY."""
    if not name:
        typer.echo(secrets.token_urlsafe(32))
        return
    if name in KeyRing.parse(installation().encryption_keys.get_secret_value()).keys:
        console.print(f"[red]there is a key {name} already; ids are never used again[/]")
        raise typer.Exit(1)
    typer.echo(f"{name}:{base64.b64encode(secrets.token_bytes(32)).decode()}")


@app.command("rotate-signing")
def rotate_signing() -> None:
    """Sign access tokens with a new key, which is shown for five minutes first; tokens of the old one stay good until they end."""

    async def run() -> None:
        context = ServiceContext(load("identity"), installation())
        try:
            async with context.unit_of_work(platform=True) as uow:
                uow.defer("rotate_signing_keys", now=True)
        finally:
            await context.close()

    asyncio.run(run())
    console.print("[green]asked for[/]; the identity service does it within seconds")


@app.command("withdraw-signing")
def withdraw_signing(
    key_id: Annotated[UUID, typer.Argument(help="the `kid` of its tokens, as in /.well-known/jwks.json")],
) -> None:
    """Withdraw a signing key that has leaked: its access tokens are refused at once, and a new key signs. Nobody is signed out."""

    async def run() -> None:
        context = ServiceContext(load("identity"), installation())
        try:
            async with context.unit_of_work(platform=True) as uow:
                uow.defer("withdraw_signing_key", key_id=str(key_id))
        finally:
            await context.close()

    asyncio.run(run())
    console.print("[green]asked for[/]; done when /.well-known/jwks.json does not show it, within seconds")


@app.command("stored")
def stored() -> None:
    """How many stored values each encryption key has, by column; a key without any may leave the ring."""
    common = installation()
    console.print(_table(asyncio.run(_stored(common)), common))


@app.command("reencrypt")
def reencrypt(
    wait: Annotated[float, typer.Option(help="seconds to wait for the end, telling how far it is")] = 0,
) -> None:
    """Give every stored value the key that encrypts now: a job of each service, which may be asked for again.

    Do it when all processes have the new order of keys. Exit code 1 where values of other keys are left after the wait.
    """
    common = installation()
    asyncio.run(_ask(common))
    console.print("[green]asked for[/]; the services do it within seconds, see `pillars keys stored`")
    if wait:
        raise typer.Exit(0 if asyncio.run(_wait(common, wait)) else 1)


Stored = list[tuple[str, str, int]]


async def _stored(common: CommonSettings) -> Stored:
    found: Stored = []
    for service in load_all():
        if service.encrypted:
            context = ServiceContext(service, common)
            try:
                found += await keys_in_use(context)
            finally:
                await context.close()
    return found


async def _ask(common: CommonSettings) -> None:
    for service in load_all():
        if service.encrypted:
            context = ServiceContext(service, common)
            try:
                async with context.unit_of_work(platform=True) as uow:
                    uow.defer(REENCRYPT, key=REENCRYPT)
            finally:
                await context.close()


async def _wait(common: CommonSettings, seconds: float) -> bool:
    current = _current(common)
    until = time.monotonic() + seconds
    told = -1
    while True:
        left = sum(count for _, key, count in await _stored(common) if key != current)
        if left != told:
            console.print(f"{left} values to go")
            told = left
        if not left or time.monotonic() >= until:
            return not left
        await asyncio.sleep(0.5)


def _current(common: CommonSettings) -> str:
    return KeyRing.parse(common.encryption_keys.get_secret_value()).current


def _table(found: Stored, common: CommonSettings) -> Table:
    table = Table("Column", "Key", "Values", "")
    for name, key, count in found:
        table.add_row(name, key, str(count), "" if key == _current(common) else "to be encrypted anew")
    return table
