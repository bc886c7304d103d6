"""What every step of the story is told with: calls that must succeed, and waiting for what events bring about."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from rich.console import Console

PATIENCE = 20.0  # seconds that an event may take to have its effect


class StepFailed(Exception):
    """A step of the story did not give what it should."""


class Teller:
    """Calls the API and prints; what one step learns the next ones use."""

    def __init__(self, http: httpx.AsyncClient, console: Console) -> None:
        self.http = http
        self.console = console
        self.started = self.clock = time.monotonic()
        self.run = secrets.token_hex(4)
        self.staff: dict[str, str] = {}
        self.owner: dict[str, str] = {}
        self.client: dict[str, str] = {}
        self.company = self.registration = self.deal = self.store = self.variant = ""
        self.order: dict[str, Any] = {}
        self.payment = ""

    def say(self, text: str) -> None:
        """Print a result with the time it took."""
        now = time.monotonic()
        self.console.print(
            f"  [green]✓[/] {text:<92} [dim]{(now - self.clock) * 1000:6.0f} ms[/]", soft_wrap=True
        )
        self.clock = now

    async def call(
        self,
        method: str,
        path: str,
        *,
        status: int | tuple[int, ...] = 200,
        who: dict[str, str] | None = None,
        **options: Any,
    ) -> Any:
        """Call the API and return the JSON, or fail with the problem that came."""
        headers = {**(who or {}), **options.pop("headers", {})}
        response = await self.http.request(method, f"/api/v1{path}", headers=headers, **options)
        wanted = status if isinstance(status, tuple) else (status,)
        if response.status_code not in wanted:
            raise StepFailed(f"{method} {path}: {response.status_code} {response.text[:400]}")
        kind = response.headers.get("content-type", "")
        return response.json() if "json" in kind and response.content else response

    async def until(self, what: str, look: Callable[[], Awaitable[Any]], holds: Callable[[Any], bool]) -> Any:
        """Look again until it holds."""
        deadline = time.monotonic() + PATIENCE
        while True:
            seen = await look()
            if holds(seen):
                return seen
            if time.monotonic() > deadline:
                raise StepFailed(f"{what} did not come to be; last seen {str(seen)[:400]}")
            await asyncio.sleep(0.05)

    async def sign_in(self, email: str, password: str) -> dict[str, str]:
        """The headers of a signed-in user."""
        tokens = await self.call("POST", "/auth/login", json={"email": email, "password": password})
        return {"Authorization": f"Bearer {tokens['access']}"}


def money(value: dict[str, Any]) -> str:
    """An amount as people read it."""
    return f"{value['currency']} {value['amount'] / 100:.2f}"
