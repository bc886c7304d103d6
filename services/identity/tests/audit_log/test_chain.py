"""The chain of the audit log: whatever is done to an entry is found, and nothing else is."""

import asyncio
import random
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from libs.common.ids import new_id
from libs.common.messaging.broker import Verdict
from libs.common.messaging.consumer import Consumer
from libs.common.messaging.envelope import Envelope
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client
from libs.common.testing.events import envelope
from libs.contracts.audit import change_recorded
from services.identity.audit_log.handlers import record_audit
from services.identity.invariants import the_audit_log_is_whole, what_was_heard_is_in_the_audit_log
from services.identity.manifest import SERVICE

(RECORD,) = (s for s in SERVICE.subscriptions if s.name == "identity.record_audit")
NASTY = {
    "zz": [1, 1.0, -0.5, 1e-7, 0.1 + 0.2, 2**53 + 1, 12345678901234567, 1.7976931348623157e308],
    "a": {"ü": "“é” \u2028 \x7f", "b": None, "10": True, "2": [], "": {}},
    "aa": "\U0001f600 \\ \" '",
    "b": [
        -0.0,
        0.0,
        1e15,
        1e16,
        -1e18,
        1e19,
        12345678901234567000.0,
        -1e19,
        1.8446744073709552e19,
        1e22,
        5e-324,
    ],
}


# Somebody puts an entry in: what another one says, at the end or without a number.
COPY = (
    "INSERT INTO identity.audit_log SELECT (jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid(),"
    " 'event_id', gen_random_uuid(), 'seq', {seq}::bigint))).* FROM identity.audit_log e WHERE {{here}} AND seq = 2"
)


def change(tenant_id: UUID, number: int = 0, **changes: Any) -> Envelope:
    """A change of something."""
    event = change_recorded("crm", "updated", "deal", new_id(), {"was": number}, {"number": number})
    return envelope(event, tenant_id, source="crm", **changes)


async def record(context: ServiceContext, tenant_id: UUID, count: int) -> None:
    """So many changes, in one batch."""
    sent = [change(tenant_id, n) for n in range(count)]
    assert set(await Consumer(context).deliver_batch(RECORD, sent)) == {Verdict.DONE}


async def verified(client: Client, **params: Any) -> Any:
    """What a check finds."""
    response = await client.get("/audit-log/verify", params=params)
    assert response.status_code == 200, response.text
    return response.json()


async def breaches(context: ServiceContext) -> int:
    """How many faults `pillars verify` finds in all chains."""
    async with context.unit_of_work(platform=True) as uow:
        return (await the_audit_log_is_whole(uow)).breaches


async def places(client: Client) -> list[Any]:
    """The entries in the order of the chain."""
    items = (await client.get("/audit-log", params={"limit": 200})).json()["items"]
    return sorted(items, key=lambda entry: entry["seq"])


async def test_what_is_known_is_asked_of_an_index_however_short_the_log_was_when_that_was_planned(
    context: ServiceContext, tenant_id: UUID
) -> None:
    await record(context, tenant_id, 40)
    known = [change(tenant_id, n) for n in range(20)]
    async with context.unit_of_work(platform=True) as uow:
        await record_audit([(one.data, one) for one in known], uow)
    async with context.unit_of_work(platform=True) as uow:
        await record_audit([(one.data, one) for one in known], uow)
        scans = await uow.session.scalar(
            text("SELECT pg_stat_get_xact_numscans('identity.audit_log'::regclass)")
        )
    assert scans == 0


@pytest.fixture
def intruder(context: ServiceContext) -> Iterator[psycopg.Connection]:
    """Somebody who owns the database, so that no trigger stops him."""
    with psycopg.connect(context.common.database_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection


async def test_entries_are_numbered_and_each_holds_the_hash_of_the_one_before(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    await record(context, tenant_id, 3)
    await record(context, tenant_id, 1)

    chain = await places(client)

    assert [entry["seq"] for entry in chain] == [1, 2, 3, 4]
    hashes = ["0" * 64, *(entry["hash"] for entry in chain)]
    assert [entry["previous_hash"] for entry in chain] == hashes[:-1]
    found = await verified(client)
    assert found == {
        "valid": True,
        "checked": 4,
        "from_seq": 1,
        "to_seq": 4,
        "length": 4,
        "last_hash": hashes[-1],
        "next_seq": None,
        "unchained": 0,
        "faults": [],
    }


async def test_a_chain_knows_whether_entries_without_a_number_may_be_there(
    context: ServiceContext, tenant_id: UUID
) -> None:
    async with context.unit_of_work(platform=True) as uow:
        there = text("SELECT EXISTS (SELECT FROM identity.audit_log WHERE seq IS NULL)")
        is_any = (await uow.session.execute(there)).scalar_one()

    await record(context, tenant_id, 1)

    async with context.unit_of_work(platform=True) as uow:
        known = text("SELECT has_all FROM identity.audit_chains WHERE tenant_id = :id")
        assert (await uow.session.execute(known, {"id": tenant_id})).scalar_one() is not is_any


async def test_values_come_back_as_they_were_hashed(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    event = change_recorded("crm", "updated", "deal", new_id(), NASTY, {"all": [NASTY, {}]})
    await Consumer(context).deliver(RECORD, envelope(event, tenant_id, actor="user:nobody", origin="::1 - "))

    assert (await verified(client))["faults"] == []


async def test_an_empty_log_is_whole(client: Client) -> None:
    found = await verified(client)

    assert (found["valid"], found["checked"], found["length"], found["next_seq"]) == (True, 0, 0, None)


@pytest.mark.parametrize(
    ("done", "kind", "seq"),
    [
        ("UPDATE identity.audit_log SET after = '{\"number\": 9}' WHERE {here} AND seq = 3", "altered", 3),
        ("UPDATE identity.audit_log SET actor = 'guest' WHERE {here} AND seq = 6", "altered", 6),
        (
            "UPDATE identity.audit_log SET time = time + interval '1 microsecond' WHERE {here} AND seq = 1",
            "altered",
            1,
        ),
        ("UPDATE identity.audit_log SET hash = sha256('x') WHERE {here} AND seq = 2", "altered", 2),
        ("UPDATE identity.audit_log SET previous_hash = NULL WHERE {here} AND seq = 2", "altered", 2),
        ("DELETE FROM identity.audit_log WHERE {here} AND seq = 1", "missing", 1),
        ("DELETE FROM identity.audit_log WHERE {here} AND seq = 4", "missing", 4),
        ("DELETE FROM identity.audit_log WHERE {here} AND seq = 6", "missing", 6),
        ("UPDATE identity.audit_log SET seq = NULL WHERE {here} AND seq = 5", "missing", 5),
        ("UPDATE identity.audit_log SET seq = 7 WHERE {here} AND seq = 6", "missing", 6),
        ("UPDATE identity.audit_chains SET seq = 5 WHERE {here}", "unexpected", 6),
        ("DELETE FROM identity.audit_chains WHERE {here}", "unexpected", 1),
        ("UPDATE identity.audit_chains SET hash = sha256('x') WHERE {here}", "replaced", 6),
        (COPY.format(seq="7"), "unexpected", 7),
        (
            "UPDATE identity.audit_chains SET has_all = true WHERE {here};" + COPY.format(seq="NULL"),
            "unexpected",
            7,
        ),
        (
            "UPDATE identity.audit_chains SET has_all = NULL, begun_at = begun_at - interval '25 h' WHERE {here};"
            + COPY.format(seq="NULL"),
            "unexpected",
            7,
        ),
    ],
)
async def test_what_was_done_to_one_entry_is_found_where_it_was_done(
    context: ServiceContext,
    client: Client,
    tenant_id: UUID,
    intruder: psycopg.Connection,
    done: str,
    kind: str,
    seq: int,
) -> None:
    await record(context, tenant_id, 6)
    assert (await verified(client))["valid"]
    before = await breaches(context)

    intruder.execute(done.replace("{here}", f"tenant_id = '{tenant_id}'"))

    found = await verified(client)
    assert not found["valid"]
    assert (found["faults"][0]["kind"], found["faults"][0]["seq"]) == (kind, seq)
    assert await breaches(context) > before
    # Others go on: what is wrong here stays here.
    assert (await verified(client.acting(user(new_id()))))["valid"]


async def test_a_chain_that_was_cut_off_and_ended_anew_lacks_what_was_heard(
    context: ServiceContext, client: Client, tenant_id: UUID, intruder: psycopg.Connection
) -> None:
    await record(context, tenant_id, 6)
    kept = (await verified(client, limit=5))["last_hash"]
    async with context.unit_of_work(platform=True) as uow:
        before = await what_was_heard_is_in_the_audit_log(uow)

    here = f"tenant_id = '{tenant_id}'"
    intruder.execute(f"DELETE FROM identity.audit_log WHERE {here} AND seq > 4")
    intruder.execute(
        "UPDATE identity.audit_chains SET seq = 4,"
        f" hash = (SELECT hash FROM identity.audit_log WHERE {here} AND seq = 4) WHERE {here}"
    )

    assert (await verified(client))["valid"]
    async with context.unit_of_work(platform=True) as uow:
        after = await what_was_heard_is_in_the_audit_log(uow)
    assert after.breaches == before.breaches + 2
    # Who kept what an earlier check told sees it as well.
    (fault,) = (await verified(client, from_seq=6, after_hash=kept))["faults"]
    assert (fault["kind"], fault["seq"], fault["to_seq"]) == ("missing", 5, 5)
    assert [f["kind"] for f in (await verified(client, from_seq=5, after_hash=kept))["faults"]] == [
        "replaced"
    ]


@pytest.mark.parametrize("columns", [("seq",), ("seq", "previous_hash", "hash")])
async def test_two_entries_that_changed_places_are_named(
    context: ServiceContext,
    client: Client,
    tenant_id: UUID,
    intruder: psycopg.Connection,
    columns: tuple[str, ...],
) -> None:
    await record(context, tenant_id, 7)
    chain = await places(client)
    rows: dict[int, Any] = {}
    for seq in (3, 6):
        rows[seq] = intruder.execute(
            f"SELECT {', '.join(columns)} FROM identity.audit_log WHERE id = %s", [chain[seq - 1]["id"]]
        ).fetchone()
    with intruder.transaction():
        intruder.execute(
            "UPDATE identity.audit_log SET seq = NULL WHERE id = ANY(%s)",
            [[UUID(chain[2]["id"]), UUID(chain[5]["id"])]],
        )
        for here, there in ((3, 6), (6, 3)):
            changes = ", ".join(f"{column} = %s" for column in columns)
            intruder.execute(
                f"UPDATE identity.audit_log SET {changes} WHERE id = %s",
                [*rows[there], chain[here - 1]["id"]],
            )

    faults = (await verified(client))["faults"]

    assert [(f["kind"], f["seq"], f["entry_id"], f["detail"]) for f in faults] == [
        ("reordered", 3, chain[5]["id"], "Its place is 6."),
        ("reordered", 6, chain[2]["id"], "Its place is 3."),
    ]


async def test_an_entry_rewritten_with_a_hash_that_fits_is_found_by_the_one_after(
    context: ServiceContext, client: Client, tenant_id: UUID, intruder: psycopg.Connection
) -> None:
    from services.identity.audit_log.chain import HASHED, digest_of

    await record(context, tenant_id, 5)
    row = intruder.execute(
        f"SELECT {', '.join(HASHED)}, previous_hash FROM identity.audit_log WHERE tenant_id = %s AND seq = 3",
        [tenant_id],
    ).fetchone()
    assert row is not None
    entry = {**dict(zip(HASHED, row, strict=False)), "action": "innocent"}
    intruder.execute(
        "UPDATE identity.audit_log SET action = 'innocent', hash = %s WHERE id = %s",
        [digest_of(entry, row[-1]), entry["id"]],
    )

    (fault,) = (await verified(client))["faults"]

    assert (fault["kind"], fault["seq"]) == ("replaced", 3)


async def test_a_check_goes_on_where_it_stopped_and_believes_what_it_was_told_before(
    context: ServiceContext, client: Client, tenant_id: UUID, intruder: psycopg.Connection
) -> None:
    await record(context, tenant_id, 5)

    first = await verified(client, limit=2)
    assert (first["valid"], first["checked"], first["to_seq"], first["next_seq"]) == (True, 2, 2, 3)
    rest = await verified(client, from_seq=3, after_hash=first["last_hash"])
    assert (rest["valid"], rest["checked"], rest["next_seq"]) == (True, 3, None)
    told = await verified(client, from_seq=3, after_hash="ab" * 32)
    assert [(f["kind"], f["seq"]) for f in told["faults"]] == [("replaced", 2)]
    assert (await verified(client, from_seq=99))["checked"] == 0
    assert (await client.get("/audit-log/verify", params={"after_hash": "xyz"})).status_code == 422


async def test_two_consumers_at_once_do_not_fork_a_chain_or_wait_for_each_other_in_a_ring(
    context: ServiceContext, client: Client
) -> None:
    tenants = [new_id() for _ in range(6)]
    order = random.Random(7)
    batches = []
    for _ in range(12):
        # Each batch has another order of tenants, some of them new.
        sent = [change(tenant_id) for tenant_id in tenants for _ in range(3)]
        order.shuffle(sent)
        batches.append(sent[: order.randint(8, 18)])
    again = batches[0]

    verdicts = await asyncio.gather(
        *(Consumer(context).deliver_batch(RECORD, batch) for batch in [*batches, again])
    )

    assert {verdict for found in verdicts for verdict in found} == {Verdict.DONE}
    for tenant_id in tenants:
        count = sum(e.tenant_id == tenant_id for batch in batches for e in batch)
        found = await verified(client.acting(user(tenant_id)))
        assert (found["valid"], found["checked"], found["length"]) == (True, count, count)


async def test_an_event_whose_mark_was_swept_is_not_written_again(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    sent = [change(tenant_id), change(tenant_id)]
    await Consumer(context).deliver_batch(RECORD, sent)
    async with context.unit_of_work(platform=True) as uow:
        await uow.session.execute(
            text("DELETE FROM identity.inbox WHERE event_id = ANY(:ids)"), {"ids": [e.id for e in sent]}
        )

    await Consumer(context).deliver_batch(RECORD, [*sent, change(tenant_id)])

    found = await verified(client)
    assert (found["valid"], found["length"]) == (True, 3)


async def test_entries_from_before_the_chain_are_counted_and_listed(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        # As the release before writes them.
        await uow.session.execute(
            text(
                "INSERT INTO identity.audit_log (tenant_id, id, time, event_id, service, action, resource, resource_id)"
                " VALUES (:tenant, :id, now(), :id, 'crm', 'created', 'deal', 'x')"
            ),
            {"tenant": tenant_id, "id": new_id()},
        )
    await record(context, tenant_id, 2)

    found = await verified(client)

    assert (found["valid"], found["length"], found["unchained"]) == (True, 2, 1)
    assert {entry["seq"] for entry in (await client.get("/audit-log")).json()["items"]} == {None, 1, 2}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE identity.audit_log SET action = 'x'",
        "UPDATE identity.audit_log SET seq = 1",
        "DELETE FROM identity.audit_log",
        "TRUNCATE identity.audit_log",
        "ALTER TABLE identity.audit_log DISABLE TRIGGER append_only",
        "DROP TRIGGER append_only ON identity.audit_log",
        "CREATE OR REPLACE FUNCTION identity.refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
        "SET session_replication_role = replica",
        "UPDATE identity.audit_chains SET hash = sha256('x')",
        "UPDATE identity.audit_chains SET seq = seq - 1",
        "DELETE FROM identity.audit_chains",
        "TRUNCATE identity.audit_chains",
    ],
)
async def test_the_services_own_role_cannot_rewrite_it(
    context: ServiceContext, client: Client, tenant_id: UUID, statement: str
) -> None:
    await record(context, tenant_id, 2)

    with psycopg.connect(context.common.service_database_url("identity"), autocommit=True) as role:
        assert role.execute("SELECT current_user").fetchone() == (context.common.role("identity"),)
        rights = "SELECT has_table_privilege('identity.audit_log', 'UPDATE, DELETE, TRUNCATE')"
        assert role.execute(rights).fetchone() == (False,)
        for settings in ({"app.tenant_id": str(tenant_id)}, {"app.scope": "platform"}):
            for name, value in settings.items():
                role.execute("SELECT set_config(%s, %s, false)", [name, value])
            assert role.execute("SELECT count(*) >= 2 FROM identity.audit_log").fetchone() == (True,)
            with pytest.raises((psycopg.errors.RaiseException, psycopg.errors.InsufficientPrivilege)):
                role.execute(statement)

    assert (await verified(client))["valid"]


async def test_who_may_not_see_the_log_may_not_check_or_export_it(client: Client, tenant_id: UUID) -> None:
    for path in ("/audit-log/verify", "/audit-log/export"):
        assert (await client.acting(guest(tenant_id)).get(path)).status_code == 401
        assert (await client.acting(user(tenant_id, "crm.*")).get(path)).status_code == 403
