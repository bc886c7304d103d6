"""A backup taken under load comes back whole on another server, and the suite goes on from it."""

import asyncio
import base64
import json
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from pydantic import SecretStr
from rich.console import Console

from deploy.demo.story import Story
from libs.common.db.migrate import migrate
from libs.common.runtime.backup import BackupFailed, back_up, count_rows, manifest_path, restore
from libs.common.runtime.commands.verify import check
from libs.common.runtime.embedded.postgres import EmbeddedPostgres
from libs.common.runtime.host import HTTP, ROLES, Host, listen
from libs.common.runtime.install import install
from libs.common.runtime.registry import NAMES, load_all, load_gateway
from libs.common.settings import CommonSettings
from libs.common.testing.eventually import eventually
from libs.common.testing.plugin import new_database, one_at_a_time, settings_for_tests

SCHEMAS = [*NAMES, "bus"]

# Who may do what with which table, and which rows each sees: the same before and after, in any order.
_SAFETY = {
    "tables": """
        SELECT n.nspname, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity,
            (SELECT array_agg(a.grantee::regrole || ' ' || a.privilege_type ORDER BY 1) FROM aclexplode(c.relacl) a
             WHERE a.grantee <> c.relowner)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = ANY(%s) AND c.relkind IN ('r', 'S', 'i', 'v') ORDER BY 1, 2""",
    "schemas": """
        SELECT n.nspname, (SELECT array_agg(a.grantee || ' ' || a.privilege_type ORDER BY 1) FROM (
            SELECT CASE grantee WHEN 0 THEN 'public' ELSE grantee::regrole::text END AS grantee, privilege_type
            FROM aclexplode(n.nspacl) WHERE grantee <> n.nspowner) a)
        FROM pg_namespace n WHERE n.nspname = ANY(%s) ORDER BY 1""",
    "policies": """
        SELECT schemaname, tablename, policyname, permissive, roles, cmd, qual, with_check
        FROM pg_policies WHERE schemaname = ANY(%s) ORDER BY 1, 2, 3""",
    "triggers": """
        SELECT n.nspname, c.relname, pg_get_triggerdef(t.oid) FROM pg_trigger t
        JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = ANY(%s) AND NOT t.tgisinternal ORDER BY 1, 2, 3""",
    "functions": """
        SELECT n.nspname, p.proname, pg_get_functiondef(p.oid) FROM pg_proc p
        JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = ANY(%s) ORDER BY 1, 2""",
    "indexes and constraints": """
        SELECT schemaname, indexname, indexdef FROM pg_indexes WHERE schemaname = ANY(%s)
        UNION ALL SELECT n.nspname, k.conname, pg_get_constraintdef(k.oid) FROM pg_constraint k
        JOIN pg_namespace n ON n.oid = k.connamespace WHERE n.nspname = ANY(%s) ORDER BY 1, 2, 3""",
    "roles": """
        SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolcanlogin
        FROM pg_roles WHERE rolname = ANY (SELECT 'pillars_test_' || unnest(%s::text[])) ORDER BY 1""",
}


def safety(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """What the catalog says of tables, grants, policies, triggers, functions, indexes and roles."""
    with psycopg.connect(url) as connection:
        return {
            name: connection.execute(query, [SCHEMAS] * query.count("%s")).fetchall()
            for name, query in _SAFETY.items()
        }


@dataclass(frozen=True)
class Serving:
    """A suite that answers, and its gateway's address."""

    host: Host
    url: str


@asynccontextmanager
async def serving(settings: CommonSettings, roles: frozenset[str]) -> AsyncIterator[Serving]:
    """The whole suite in this process, in these roles."""
    listener = listen(18100)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings = settings.model_copy(update={"public_url": url})
    host = Host(load_all(), settings, roles=roles, gateway=load_gateway())
    app = await host.start()
    if roles != {HTTP}:
        await host.bus_joined()
    stop = asyncio.Event()
    answering = asyncio.create_task(host.serve(app, listener, stop))
    try:
        yield Serving(host, url)
    finally:
        stop.set()
        await answering
        await host.close()


async def order_again(story: Story) -> str:
    """One more order of the story's client; its id."""
    cart = await story.call("POST", "/carts", status=201, who=story.client, json={"currency": "ZAR"})
    path = f"/carts/{cart['id']}"
    line = {"variant_id": story.variant, "quantity": 1}
    await story.call("POST", f"{path}/items", status=(200, 201), who=story.client, json=line)
    address = {"line1": "12 Long Street", "city": "Cape Town", "postal_code": "8001", "country": "ZA"}
    await story.call("PUT", f"{path}/address", who=story.client, json=address)
    methods = await story.call("GET", "/shipping/methods", who=story.client, params={"cart_id": cart["id"]})
    chosen = {"method_id": methods["items"][0]["id"]}
    await story.call("PUT", f"{path}/shipping", who=story.client, json=chosen)
    order = await story.call(
        "POST",
        f"{path}/checkout",
        status=201,
        who=story.client,
        headers={"Idempotency-Key": secrets.token_hex(8)},
        json={"email": f"client-{story.run}@example.com"},
    )
    return str(order["id"])


async def buy_on(story: Story, finished: asyncio.Event) -> list[str]:
    """Order one after another until told that it is enough; the ids."""
    made = []
    while not finished.is_set() and len(made) < 25:
        made.append(await order_again(story))
    return made


async def published(url: str) -> bool:
    """Whether no event waits in an outbox."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        union = " UNION ALL ".join(
            f"SELECT 1 FROM {name}.outbox WHERE published_at IS NULL" for name in NAMES
        )
        return await (await connection.execute(union)).fetchone() is None  # type: ignore[arg-type]


async def everything_holds(url: str) -> bool:
    """Whether `pillars verify` finds no breach."""
    return not any(finding.breaches for _, _, finding in await check(settings_for_tests(url)))


async def read_orders(http: httpx.AsyncClient, who: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Every order of the story's business as its owner reads them, by id."""
    found: dict[str, dict[str, Any]] = {}
    cursor: str | None = None
    while True:
        page = await http.get(
            "/api/v1/orders", headers=who, params={"limit": 50, **({"cursor": cursor} if cursor else {})}
        )
        page.raise_for_status()
        found |= {order["id"]: order for order in page.json()["items"]}
        cursor = page.json()["next_cursor"]
        if cursor is None:
            return found


def pillars(*arguments: str, home: Path, url: str) -> subprocess.CompletedProcess[str]:
    """Run the command against a database with the settings of tests."""
    common = settings_for_tests(url)
    return subprocess.run(
        [sys.executable, "-m", "libs.common.runtime.cli", *arguments],
        env={
            **{name: value for name, value in os.environ.items() if name != "AMQP_URL"},
            "DATABASE_URL": url,
            "PILLARS_HOME": str(home),
            "PILLARS_ROLE_PREFIX": common.role_prefix,
            "PILLARS_SECRET_KEY": common.secret_key.get_secret_value(),
            "PILLARS_ENCRYPTION_KEYS": common.encryption_keys.get_secret_value(),
            "COLUMNS": "200",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def other_server(tmp_path: Path) -> Iterator[str]:
    """A server that has never seen the suite: no roles, no database."""
    with EmbeddedPostgres(tmp_path / "other", durable=False) as server:
        yield server.start()


@pytest.mark.slow
async def test_a_backup_under_load_comes_back_on_an_empty_server_and_the_suite_goes_on(
    postgres_url: str, other_server: str, tmp_path: Path
) -> None:
    dump, gauges = tmp_path / "backups" / "suite.dump", tmp_path / "backup.prom"
    with new_database(postgres_url, *load_all()) as url:
        before = settings_for_tests(url)
        with one_at_a_time():
            await install(load_all(), before)
        async with serving(before, ROLES) as suite, httpx.AsyncClient(base_url=suite.url, timeout=30) as http:
            story = Story(http, Console(quiet=True))
            await story.tell()
        # Without relay and consumers what happens from here on waits in the outboxes.
        async with (
            serving(before, frozenset({HTTP})) as suite,
            httpx.AsyncClient(base_url=suite.url, timeout=30) as http,
        ):
            story.http = http
            certain = [story.order["id"], await order_again(story)]
            finished = asyncio.Event()
            load = [asyncio.create_task(buy_on(story, finished)) for _ in range(3)]
            made = await asyncio.to_thread(
                pillars, "backup", str(dump), "--metrics", str(gauges), home=tmp_path / "home", url=url
            )
            finished.set()
            during = [order for orders in await asyncio.gather(*load) for order in orders]
            after = await order_again(story)
            orders = await read_orders(http, story.owner)
        assert made.returncode == 0, made.stdout + made.stderr
        assert "keep apart" in made.stdout
        manifest = json.loads(manifest_path(dump).read_text())
        assert manifest["pending"] > 0
        assert f"\npillars_backup_bytes {dump.stat().st_size}\n" in gauges.read_text()
        wanted = safety(url)
        ring = before.encryption_keys.get_secret_value()
        assert ring.partition(":")[2] not in manifest_path(dump).read_text()
        assert dump.stat().st_mode & 0o777 == manifest_path(dump).stat().st_mode & 0o777 == 0o600

    target = other_server.rpartition("/")[0] + "/restored"
    read = await asyncio.to_thread(pillars, "restore", str(dump), home=tmp_path / "home", url=target)
    assert read.returncode == 0, read.stdout + read.stderr
    for name, rows in safety(target).items():
        assert rows == wanted[name], name
    assert wanted["policies"]
    assert wanted["roles"]

    async with (
        serving(settings_for_tests(target), ROLES) as suite,
        httpx.AsyncClient(base_url=suite.url, timeout=30) as http,
    ):
        await eventually(lambda: published(target), seconds=60)
        # The browser's token of before still holds, and a new sign-in works.
        there = await read_orders(http, story.owner)
        assert {order: there[order]["totals"] for order in certain} == {
            order: orders[order]["totals"] for order in certain
        }
        assert after not in there
        assert set(there) - set(certain) <= set(during)
        email = f"client-{story.run}@example.com"
        again = await http.post(
            "/api/v1/auth/login", json={"email": email, "password": f"Morning-{story.run}-7"}
        )
        assert again.status_code == 200, again.text
        await eventually(lambda: everything_holds(target), seconds=60)


async def test_what_cannot_be_restored_is_refused_before_anything_is_touched(
    postgres_url: str, tmp_path: Path
) -> None:
    dump = tmp_path / "suite.dump"
    with new_database(postgres_url) as url, new_database(postgres_url) as empty:
        settings = settings_for_tests(url)
        with pytest.raises(BackupFailed, match="no migrated service"):
            await asyncio.to_thread(back_up, load_all(), settings, dump)
        with one_at_a_time():
            await asyncio.to_thread(migrate, load_all(), settings)
        await asyncio.to_thread(back_up, load_all(), settings, dump)
        with pytest.raises(BackupFailed, match="never written over"):
            await asyncio.to_thread(back_up, load_all(), settings, dump)

        async def refused(because: str, common: CommonSettings) -> None:
            with pytest.raises(BackupFailed, match=because):
                await asyncio.to_thread(restore, load_all(), common, dump)

        await refused("holds data already", settings)
        other_key = f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}"
        await refused(
            "lacks the key k1",
            settings_for_tests(empty, encryption_keys=SecretStr(other_key)),
        )
        manifest = manifest_path(dump)
        told = manifest.read_text()
        newer = json.loads(told)
        newer["revisions"]["crm"] = "9999"
        manifest.write_text(json.dumps(newer))
        await refused("made by a newer release", settings_for_tests(empty))
        manifest.write_text(told)
        with dump.open("r+b") as file:
            file.truncate(dump.stat().st_size - 1)
        await refused("cut short or changed", settings_for_tests(empty))
        manifest.unlink()
        await refused("is missing", settings_for_tests(empty))
        with psycopg.connect(empty) as connection:
            assert count_rows(connection, SCHEMAS) == {}
