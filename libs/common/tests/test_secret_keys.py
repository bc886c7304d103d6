"""The secret key is exchanged in three steps, in each of which old and new processes work together."""

import asyncio
import base64
import secrets
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any
from uuid import UUID

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from libs.common.actor import Actor, ActorKind, ActorSigner
from libs.common.crypto import DecryptionFailed, KeyRing
from libs.common.db.migrate import migrate
from libs.common.errors import InvalidCursor, Unauthenticated
from libs.common.ids import new_id
from libs.common.messaging.connection import connect, plain_url
from libs.common.messaging.postgres import PostgresBroker
from libs.common.messaging.tests.parcels.service import SERVICE
from libs.common.pagination import CursorCodec
from libs.common.runtime.context import ServiceContext
from libs.common.settings import CommonSettings
from libs.common.testing.plugin import one_at_a_time

OLD, NEW = "the old secret key of this test", "the new secret key of this test"
# What each step sets: the key that signs, and those that are accepted beside it.
STEPS = [(OLD, ""), (OLD, NEW), (NEW, OLD), (NEW, "")]


def settings(base: CommonSettings, signs: str, accepts: str) -> CommonSettings:
    changes = {"secret_key": SecretStr(signs), "accepted_secret_keys": SecretStr(accepts)}
    return base.model_copy(update=changes)


@pytest.mark.parametrize(("before", "after"), list(pairwise(STEPS)))
def test_processes_of_two_steps_know_each_others_signatures(
    before: tuple[str, str], after: tuple[str, str]
) -> None:
    base = CommonSettings(environment="test")
    both = [settings(base, *step) for step in (before, after)]
    actor = Actor(kind=ActorKind.USER, user_id=new_id())
    row = new_id()
    for here in both:
        for there in both:
            header = ActorSigner(here.secret_key.get_secret_value(), accepted=here.other_keys).sign(
                actor, 100
            )
            known = ActorSigner(there.secret_key.get_secret_value(), accepted=there.other_keys)
            assert known.verify(header, 100).user_id == actor.user_id
            cursor = CursorCodec(here.secret_key.get_secret_value(), accepted=here.other_keys).encode(
                "list", "a", row
            )
            codec = CursorCodec(there.secret_key.get_secret_value(), accepted=there.other_keys)
            assert codec.decode("list", cursor) == ("a", row)


def test_after_the_last_step_the_old_key_opens_nothing() -> None:
    header = ActorSigner(OLD).sign(Actor(kind=ActorKind.SYSTEM, name="crm"), 100)
    with pytest.raises(Unauthenticated):
        ActorSigner(NEW).verify(header, 100)
    with pytest.raises(Unauthenticated):
        ActorSigner(NEW, accepted=["another"]).verify(header, 100)
    with pytest.raises(InvalidCursor):
        CursorCodec(NEW).decode("list", CursorCodec(OLD).encode("list", "a", UUID(int=1)))


@pytest.fixture
def base(fresh_database: Callable[..., CommonSettings], tenant_id: UUID) -> Iterator[CommonSettings]:
    """A database whose roles nobody else has, since their passwords change here."""
    prefix = f"keys_{tenant_id.hex[-12:]}"
    made = fresh_database().model_copy(update={"role_prefix": prefix, "secret_key": SecretStr(OLD)})
    with one_at_a_time():
        migrate([SERVICE], made)
    yield made
    with psycopg.connect(made.database_url, autocommit=True) as connection:
        for service in ("parcels", "bus"):
            connection.execute(f"DROP OWNED BY {prefix}_{service}")  # type: ignore[arg-type]
            connection.execute(f"DROP ROLE {prefix}_{service}")  # type: ignore[arg-type]


async def connects(common: CommonSettings) -> None:
    """Connect in each of the ways in which a process does."""
    context = ServiceContext(SERVICE, common)
    broker = PostgresBroker(common.service_database_url("bus"))
    try:
        async with context.engine.connect() as connection:
            assert await connection.scalar(text("SELECT current_user")) == common.role("parcels")
        relay = await connect(plain_url(context.engine), "test")
        await relay.close()
        await broker.start()
        assert await broker.healthy()
    finally:
        await broker.stop()
        await context.close()


async def test_every_process_connects_whichever_step_has_set_the_passwords(base: CommonSettings) -> None:
    def set_by(step: tuple[str, str]) -> None:
        with one_at_a_time():
            migrate([SERVICE], settings(base, *step))

    for before, after in pairwise(STEPS):
        # `migrate` of the new step runs first; processes of the step before live on beside it.
        await asyncio.to_thread(set_by, after)
        await connects(settings(base, *before))
        await connects(settings(base, *after))


async def test_without_the_step_between_the_new_passwords_lock_old_processes_out(
    base: CommonSettings,
) -> None:
    def set_by() -> None:
        with one_at_a_time():
            migrate([SERVICE], settings(base, NEW, ""))

    await asyncio.to_thread(set_by)
    refused: Any = (psycopg.OperationalError, Exception)
    with pytest.raises(refused, match="password authentication failed"):
        await connects(settings(base, OLD, ""))


def test_an_encryption_key_is_exchanged_in_two_steps_in_which_old_and_new_processes_read_each_other() -> None:
    first, second = (f"{name}:{base64.b64encode(secrets.token_bytes(32)).decode()}" for name in ("k1", "k2"))
    steps = [first, f"{first},{second}", f"{second},{first}"]
    stored = []
    for before, after in pairwise(steps):
        rings = [KeyRing.parse(before), KeyRing.parse(after)]
        stored += [ring.encrypt("hunter2", purpose="test") for ring in rings]
        assert {ring.decrypt(value, purpose="test") for ring in rings for value in stored} == {"hunter2"}
    # Without the step between, a process that has not restarted cannot read what a new one wrote.
    with pytest.raises(DecryptionFailed):
        KeyRing.parse(first).decrypt(stored[-1], purpose="test")
