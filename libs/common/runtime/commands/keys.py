"""`pillars keys`: what is needed to exchange keys; the order of steps is in docs/operations.md."""

import asyncio
import base64
import secrets
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from libs.common.crypto import KeyRing
from libs.common.runtime.commands.bus import installation
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.registry import load

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
