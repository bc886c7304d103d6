"""The floor in the database: what the scope of a tenant shows, whatever the application asks."""

from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import NullPool

from libs.common.db.differences import differences
from libs.common.runtime.context import ServiceContext
from libs.common.settings import with_driver


async def test_a_tenant_sees_its_own_rows_only(context: ServiceContext, platform: Any) -> None:
    mine, theirs = await platform.business(), await platform.business()

    async with context.unit_of_work(tenant_id=mine.company_id) as uow:
        for table in ("tenants", "members", "member_roles", "registrations"):
            seen = (
                (await uow.session.execute(text(f"SELECT tenant_id FROM identity.{table}"))).scalars().all()
            )
            assert seen == [mine.company_id], table
        users = (await uow.session.execute(text("SELECT id FROM identity.users"))).scalars().all()
        assert users == [mine.user_id]
        changed = await uow.session.execute(
            text("UPDATE identity.users SET first_name = 'x' WHERE id = :id"), {"id": theirs.user_id}
        )
        assert changed.rowcount == 0


async def test_a_tenant_sees_system_roles_but_cannot_touch_them(
    context: ServiceContext, platform: Any
) -> None:
    mine = await platform.business()

    async with context.unit_of_work(tenant_id=mine.company_id) as uow:
        assert await uow.session.scalar(text("SELECT count(*) FROM identity.roles WHERE is_system")) == 11
        for statement in ("UPDATE identity.roles SET name = 'x'", "DELETE FROM identity.roles"):
            assert (await uow.session.execute(text(statement))).rowcount == 0


async def test_without_a_scope_nothing_shows(context: ServiceContext, platform: Any) -> None:
    await platform.business()

    async with context.unit_of_work() as uow:
        for table in ("tenants", "members", "users", "sessions", "registrations", "audit_log"):
            assert await uow.session.scalar(text(f"SELECT count(*) FROM identity.{table}")) == 0


async def test_a_row_cannot_be_given_to_another_tenant(context: ServiceContext, platform: Any) -> None:
    mine, theirs = await platform.business(), await platform.business()

    with pytest.raises(ProgrammingError, match="row-level security"):
        async with context.unit_of_work(tenant_id=mine.company_id) as uow:
            await uow.session.execute(
                text("UPDATE identity.members SET tenant_id = :other"), {"other": theirs.company_id}
            )


def test_the_migrations_make_what_the_models_say(context: ServiceContext) -> None:
    engine = create_engine(with_driver(context.common.database_url), poolclass=NullPool)
    with engine.connect() as connection:
        assert differences(context.service, connection) == []
    engine.dispose()
