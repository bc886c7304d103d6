"""Values under the key ring get the new key, whatever else goes on."""

import asyncio
import base64
import pickle
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text, update

from libs.common.crypto import DecryptionFailed
from libs.common.db.encrypted import BATCH, Unreadable, keys_in_use, reencrypt
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.settings import CommonSettings
from libs.common.testing.eventually import eventually
from services.payments.manifest import SERVICE
from services.payments.payment_accounts.credentials import open_credentials, seal
from services.payments.payment_accounts.models import PaymentAccount

COLUMN = "payments.payment_accounts.sealed_credentials"
KEYS = {name: base64.b64encode(secrets.token_bytes(32)).decode() for name in ("k1", "k2", "k3")}


def ring(*names: str) -> str:
    """A key ring with these keys, the first of which encrypts."""
    return ",".join(f"{name}:{KEYS[name]}" for name in names)


@pytest.fixture
async def contexts(
    fresh_database: Callable[..., CommonSettings],
) -> AsyncIterator[Callable[[str], ServiceContext]]:
    """The service on a database of its own, with a key ring."""
    settings = fresh_database(SERVICE)
    made: list[ServiceContext] = []

    def make(keys: str) -> ServiceContext:
        common = settings.model_copy(update={"encryption_keys": SecretStr(keys)})
        made.append(ServiceContext(SERVICE, common))
        return made[-1]

    yield make
    for context in made:
        await context.upstreams.close()
        await context.close()


async def add(context: ServiceContext, tenant_id: UUID, count: int) -> list[UUID]:
    """So many accounts, each with a secret of its own."""
    ids = [new_id() for _ in range(count)]
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        uow.session.add_all(
            PaymentAccount(
                tenant_id=tenant_id,
                id=each,
                provider="sandbox",
                name="Cards",
                currency="ZAR",
                is_active=False,
                sealed_credentials=seal(context.keyring, each, {"key": str(each)}),
            )
            for each in ids
        )
    return ids


async def run(context: ServiceContext) -> None:
    """The job, as the runner calls it."""
    async with context.unit_of_work(platform=True) as uow:
        await reencrypt(uow, {})


async def rows(context: ServiceContext) -> list[Any]:
    """The accounts."""
    async with context.unit_of_work(platform=True) as uow:
        found = await uow.session.execute(select(PaymentAccount).order_by(PaymentAccount.id))
        accounts = list(found.scalars())
        uow.session.expunge_all()
        return accounts


async def test_every_value_gets_the_key_that_encrypts_now_and_says_what_it_said(
    contexts: Callable[[str], ServiceContext],
) -> None:
    before, after = contexts(ring("k1")), contexts(ring("k2", "k1"))
    # More than two batches, of several businesses.
    for count in (BATCH, BATCH + 3, 20):
        await add(before, new_id(), count)
    was = await rows(before)
    assert await keys_in_use(after) == [(COLUMN, "k1", len(was))]

    await run(after)

    assert await keys_in_use(after) == [(COLUMN, "k2", len(was))]
    alone = contexts(ring("k2"))
    for old, new in zip(was, await rows(after), strict=True):
        assert open_credentials(alone.keyring, new) == {"key": str(old.id)}
        assert (new.version, new.updated_at) == (old.version, old.updated_at)
    with pytest.raises(DecryptionFailed):
        open_credentials(before.keyring, (await rows(after))[0])


async def test_asked_for_again_it_writes_nothing(
    contexts: Callable[[str], ServiceContext], tenant_id: UUID
) -> None:
    await add(contexts(ring("k1")), tenant_id, 3)
    after = contexts(ring("k2", "k1"))
    await run(after)

    async def written() -> list[Any]:
        async with after.unit_of_work(platform=True) as uow:
            return list(
                (
                    await uow.session.execute(text("SELECT xmin::text FROM payments.payment_accounts"))
                ).scalars()
            )

    first = await written()
    await run(after)

    assert await written() == first


async def test_what_somebody_writes_meanwhile_is_what_stays(
    contexts: Callable[[str], ServiceContext], tenant_id: UUID
) -> None:
    before, after = contexts(ring("k1", "k2")), contexts(ring("k2", "k1"))
    (account_id, *_) = await add(before, tenant_id, 5)

    async with before.unit_of_work(tenant_id=tenant_id) as uow:
        # A process that has the old order of keys still.
        await uow.session.execute(
            update(PaymentAccount)
            .where(PaymentAccount.id == account_id)
            .values(sealed_credentials=seal(before.keyring, account_id, {"key": "new"}))
        )
        job = asyncio.create_task(run(after))
        waits = text(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )

        async def is_waiting() -> bool:
            async with after.unit_of_work(platform=True) as other:
                return bool(await other.session.scalar(waits))

        await eventually(is_waiting)
    await job

    found = {row.id: row for row in await rows(after)}
    assert await keys_in_use(after) == [(COLUMN, "k2", 5)]
    assert open_credentials(after.keyring, found[account_id]) == {"key": "new"}


# The job in a process of its own, with the settings it is given.
_ALONE = """
import asyncio, pickle, sys
from libs.common.db.encrypted import reencrypt
from libs.common.failpoints import arm
from libs.common.runtime.context import ServiceContext
from services.payments.manifest import SERVICE

async def main():
    settings = pickle.load(sys.stdin.buffer)
    arm(settings)
    context = ServiceContext(SERVICE, settings)
    async with context.unit_of_work(platform=True) as uow:
        await reencrypt(uow, {})

asyncio.run(main())
"""


async def test_killed_in_the_middle_it_goes_on_where_it_was_and_every_value_is_read_meanwhile(
    contexts: Callable[[str], ServiceContext], tmp_path: Path
) -> None:
    before, after = contexts(ring("k1", "k2")), contexts(ring("k2", "k1"))
    for _ in range(2):
        await add(before, new_id(), BATCH)
    was = {row.id: row.sealed_credentials for row in await rows(before)}

    async def process(moment: str) -> int | None:
        (tmp_path / moment).touch()
        settings = after.common.model_copy(update={"failpoints": str(tmp_path)})
        job = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _ALONE, stdin=asyncio.subprocess.PIPE
        )
        await job.communicate(pickle.dumps(settings))
        assert not (tmp_path / moment).exists()
        return job.returncode

    # Before the first batch is committed, then after it.
    assert await process("keys.payments.reencrypting") == -signal.SIGKILL
    assert await keys_in_use(after) == [(COLUMN, "k1", 2 * BATCH)]
    assert await process("keys.payments.reencrypted") == -signal.SIGKILL

    assert await keys_in_use(after) == [(COLUMN, "k1", BATCH), (COLUMN, "k2", BATCH)]
    midway = await rows(before)
    for keyring in (before.keyring, after.keyring):
        for row in midway:
            assert open_credentials(keyring, row) == {"key": str(row.id)}
    await run(after)
    assert await keys_in_use(after) == [(COLUMN, "k2", 2 * BATCH)]
    alone, done = contexts(ring("k2")), await rows(after)
    for row, then in zip(done, midway, strict=True):
        assert open_credentials(alone.keyring, row) == {"key": str(row.id)}
        # What had the new key is not written again.
        is_same = row.sealed_credentials == then.sealed_credentials
        assert is_same == (then.sealed_credentials != was[then.id])


async def test_a_value_that_no_key_reads_is_told_of_and_holds_up_no_other(
    contexts: Callable[[str], ServiceContext], tenant_id: UUID
) -> None:
    await add(contexts(ring("k3")), tenant_id, 1)
    await add(contexts(ring("k1")), tenant_id, BATCH + 1)
    after = contexts(ring("k2", "k1"))

    with pytest.raises(Unreadable, match=f"1 values of {COLUMN}"):
        await run(after)

    assert await keys_in_use(after) == [(COLUMN, "k2", BATCH + 1), (COLUMN, "k3", 1)]
