"""Secrets show in no log, trace, problem, metric or row: the story is played with known ones, and errors are provoked."""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from psycopg import sql
from rich.console import Console

from deploy.demo.story import ADMIN, Story
from deploy.e2e.collector import Collector, collecting
from libs.common.settings import CommonSettings
from libs.common.testing.eventually import eventually
from libs.common.testing.plugin import new_database

PASSWORD, CHANGED, WRONG = "Planted-pass-8c1f-9", "Planted-next-77d2-9", "Planted-wrong-31ab"
CREDENTIAL, DEVICE, CARD = "sk_planted_77aa", "planted-device-5e2d", "4242424242424242"
KEY_BODY = "planted-note-of-a-cart-90c2"
# Where they belong: a device is written to, and a cart keeps its note and tells it to its owner.
KEPT = {
    ("a device", "notifications.devices"),
    ("a note of a cart", "orders.carts"),
    ("a note of a cart", "what was answered"),
}


@dataclass(frozen=True)
class Run:
    """A suite as its own process that logs all it can: where it is, its files, its database, what it traced."""

    url: str
    home: Path
    database_url: str
    collector: Collector


@asynccontextmanager
async def loud_suite(server: str, home: Path) -> AsyncIterator[Run]:
    """`pillars up` with DEBUG logs and every trace collected."""
    with new_database(server) as database_url, collecting() as collector:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "libs.common.runtime.cli", "up", "--port", "18400"),
            env={
                **os.environ,
                "PILLARS_HOME": str(home),
                "PILLARS_LOG_LEVEL": "DEBUG",
                "DATABASE_URL": database_url,
                "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
                "PILLARS_TRACE_RATIO": "1",
            },
            stdout=asyncio.subprocess.DEVNULL,
        )
        try:
            running = await eventually(lambda: _running(home), 120)
            yield Run(running["url"], home, database_url, collector)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


def _running(home: Path) -> Any:
    file = home / "running.json"
    # It is there a moment before it is written.
    text = file.read_text() if file.exists() else ""
    return json.loads(text) if text.endswith("}") else None


async def provoke(story: Story, access: str, refresh: str, texts: list[str]) -> None:
    """Send secrets to where they are refused, and note what is answered."""
    http = story.http
    me = story.owner
    for method, path, body, headers in (
        ("POST", "/auth/login", {"email": "x@example.com", "password": WRONG}, {}),
        ("POST", "/auth/login", {"email": [WRONG], "password": WRONG, "other": WRONG}, {}),
        ("POST", "/auth/login", {"email": "x@example.com", "password": {"x": WRONG}}, {}),
        ("POST", "/auth/register", {"password": PASSWORD}, {}),
        ("POST", "/auth/refresh", {"refresh": [refresh]}, {}),
        ("POST", "/auth/refresh", {"refresh": refresh + WRONG}, {}),
        ("GET", f"/deals?token={access}&q={CARD}", None, me),
        ("GET", "/deals", None, {"Authorization": f"Bearer {access}x"}),
        ("GET", "/deals", None, {"Authorization": f"Basic {WRONG}"}),
        ("GET", "/deals", None, {"X-API-Key": WRONG}),
        ("POST", "/payment-accounts", {"credentials": {"secret_key": CREDENTIAL}}, me),
        ("POST", "/payment-accounts", {"credentials": CREDENTIAL, "card": CARD}, me),
        ("POST", "/fcm/register", {"token": [DEVICE], "platform": "web"}, me),
        ("POST", "/carts", {"currency": "ZAR", "note": KEY_BODY}, {**me, "Idempotency-Key": "planted-key"}),
        ("POST", "/orders", {"card": {"number": CARD}}, {**me, "Idempotency-Key": "planted-key"}),
    ):
        answer = await http.request(method, f"/api/v1{path}", json=body, headers=headers)
        texts.append(answer.text)
    for broken in (
        b'{"password": "%s"' % WRONG.encode(),
        b'{"password": "%s", "password": 1}' % WRONG.encode(),
    ):
        answer = await http.post(
            "/api/v1/auth/login", content=broken, headers={"Content-Type": "application/json"}
        )
        texts.append(answer.text)


async def break_database(run: Run, story: Story, texts: list[str]) -> None:
    """Take tables away while they are needed, so that statements fail with the values they were to write."""
    with psycopg.connect(run.database_url, autocommit=True) as admin:
        for table, path, body in (
            ("identity.sessions", "/auth/login", {"email": ADMIN["email"], "password": ADMIN["password"]}),
            ("notifications.devices", "/fcm/register", {"token": DEVICE, "platform": "web"}),
            (
                "payments.payment_accounts",
                "/payment-accounts",
                {"provider": "sandbox", "name": "Mine", "currency": "ZAR"},
            ),
        ):
            schema, name = table.split(".")
            away = sql.SQL("ALTER TABLE {} RENAME TO {}")
            admin.execute(away.format(sql.Identifier(schema, name), sql.Identifier(f"{name}_away")))
            try:
                answer = await story.http.post(f"/api/v1{path}", json=body, headers=story.owner)
                assert answer.status_code >= 500, (path, answer.text)
                texts.append(answer.text)
            finally:
                admin.execute(away.format(sql.Identifier(schema, f"{name}_away"), sql.Identifier(name)))


def rows_of(database_url: str) -> Any:
    """Every table of every schema of ours, as the text that a dump would hold."""
    with psycopg.connect(database_url) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for schema, table in tables:
            with connection.cursor().copy(
                sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(schema, table))
            ) as copy:
                yield f"{schema}.{table}", b"".join(bytes(part) for part in copy).decode("utf-8", "replace")


@pytest.mark.slow
async def test_known_secrets_show_nowhere(postgres_url: str, tmp_path: Path) -> None:
    texts: list[str] = []
    async with loud_suite(postgres_url, tmp_path) as run:
        async with httpx.AsyncClient(base_url=run.url, timeout=60) as http:
            story = Story(http, Console(quiet=True))
            await story.tell()
            person = {"email": f"planted-{story.run}@example.com", "first_name": "A", "last_name": "B"}
            body = {**person, "company_id": story.company, "password": PASSWORD}
            await story.call("POST", "/auth/signup", status=201, json=body)
            sign_in = {"email": person["email"], "password": PASSWORD}
            tokens = await story.call("POST", "/auth/login", json=sign_in)
            access, refresh = tokens["access"], tokens["refresh"]
            mine = {"Authorization": f"Bearer {access}"}
            await story.call(
                "POST",
                "/fcm/register",
                who=mine,
                status=(200, 201),
                json={"token": DEVICE, "platform": "web"},
            )
            change = {"current_password": PASSWORD, "new_password": CHANGED}
            await story.call("POST", "/auth/password/change", who=mine, status=(200, 204), json=change)
            account = {"provider": "sandbox", "name": "Mine", "currency": "ZAR"}
            made = await http.post("/api/v1/payment-accounts", json=account, headers=story.owner)
            texts.append(made.text if made.status_code >= 400 else "")
            await provoke(story, access, refresh, texts)
            await break_database(run, story, texts)
            for path in ("/audit-log", "/payment-accounts", "/auth/sessions", "/users", "/deliveries"):
                answer = await http.get(f"/api/v1{path}", headers=story.owner, params={"limit": 200})
                texts.append(answer.text)
            for path in ("/api/v1/admin/requests?limit=200", "/metrics", "/readyz"):
                texts.append((await http.get(path, headers={**story.staff})).text)
        await eventually(lambda: run.collector.spans, 30)
        secrets = json.loads((run.home / "secrets.json").read_text())
        secret_key = secrets["PILLARS_SECRET_KEY"]
        settings = CommonSettings(_env_file=None, database_url=run.database_url, secret_key=secret_key)
        rows = dict(rows_of(run.database_url))
    # The suite has ended, so the last spans have left.
    log = "".join(file.read_text(errors="replace") for file in (tmp_path / "logs").iterdir())
    places = {
        "the log": log,
        "the traces": "\n".join(run.collector.texts),
        "what was answered": "\n".join(texts),
        **rows,
    }
    assert '"level":"DEBUG"' in log
    assert len(run.collector.spans) > 100
    assert any(table.endswith(".outbox") for table in rows)
    planted = {
        "a password": PASSWORD,
        "a new password": CHANGED,
        "a wrong password": WRONG,
        "an access token": access.split(".")[2],
        "a refresh token": refresh.partition(".")[2] or refresh,
        "a provider's key": CREDENTIAL,
        "a card": CARD,
        "a note of a cart": KEY_BODY,
        "a device": DEVICE,
        "a private key": "PRIVATE KEY",
        "the password of the database": urlsplit(run.database_url).password or "PRIVATE KEY",
        "the password of a role": settings.role_password("identity"),
        **{f"the setting {name}": value for name, value in secrets.items() if isinstance(value, str)},
    }
    found = [
        f"{what} in {place}: {_around(text, secret)}"
        for what, secret in planted.items()
        for place, text in places.items()
        if secret in text and (what, place) not in KEPT
    ]
    assert not found, "\n".join(found)


def _around(text: str, secret: str) -> str:
    at = text.find(secret)
    return re.sub(r"\s+", " ", text[max(0, at - 200) : at + 80])
