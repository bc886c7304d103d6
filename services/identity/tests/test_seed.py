"""What a new installation has, and what a later release changes."""

from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import delete, func, select, update

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.errors import Conflict
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.events import emitted
from libs.contracts.identity import MemberAdded
from services.identity.manifest import SERVICE
from services.identity.members.models import Member, MemberRole
from services.identity.passwords.policy import WeakPassword
from services.identity.roles.catalogue import SYSTEM_ROLES
from services.identity.roles.models import Role
from services.identity.seed import DEMO_EMAIL, DEMO_PASSWORD, seed
from services.identity.settings import IdentitySettings
from services.identity.signing_keys.models import SigningKey
from services.identity.tenants.models import Tenant
from services.identity.users.models import User


async def test_seeding_again_changes_nothing(context: ServiceContext, platform: Any) -> None:
    async def state() -> Any:
        async with context.unit_of_work(platform=True) as uow:
            roles = await uow.session.execute(select(Role.code, Role.version).where(Role.is_system))
            keys = await uow.session.scalar(select(func.count(SigningKey.id)))
            operator = await uow.session.get(Tenant, (OPERATOR_TENANT_ID, OPERATOR_TENANT_ID))
            return sorted(map(tuple, roles)), keys, operator.name, operator.status

    before = await state()
    await seed(context)
    await seed(context)

    assert await state() == before
    assert before[2:] == ("Pillars Operator", "active")
    demo = [
        e for e in await emitted(context, OPERATOR_TENANT_ID, MemberAdded) if e.data["email"] == DEMO_EMAIL
    ]
    assert [e.data["roles"] for e in demo] == [["staff-admin", "superadmin"]]
    assert await platform.login(DEMO_EMAIL, DEMO_PASSWORD)


async def test_a_later_release_brings_roles_up_to_date(fresh_database: Any, identity_settings: Any) -> None:
    context = ServiceContext(SERVICE, fresh_database(SERVICE), settings=identity_settings)
    try:
        await seed(context)
        async with context.unit_of_work(platform=True) as uow:
            await uow.session.execute(
                update(Role).where(Role.code == "support").values(permissions=["crm.*"], name="Old")
            )
            await uow.session.execute(delete(Role).where(Role.code == "provider"))
            uow.session.add(
                Role(
                    tenant_id=OPERATOR_TENANT_ID,
                    code="retired",
                    name="x",
                    description=None,
                    permissions=[],
                    is_system=True,
                )
            )
        await seed(context)
        async with context.unit_of_work(platform=True) as uow:
            stored = {r.code: r for r in (await uow.session.execute(select(Role))).scalars()}
        assert set(stored) == {role.code for role in SYSTEM_ROLES}
        for role in SYSTEM_ROLES:
            assert stored[role.code].permissions == list(role.permissions)
            assert stored[role.code].name == role.name
    finally:
        await context.close()


async def test_production_has_no_demo_account(fresh_database: Any, identity_settings: Any) -> None:
    common = fresh_database(SERVICE).model_copy(update={"environment": "production"})
    context = ServiceContext(SERVICE, common, settings=identity_settings)
    try:
        await seed(context)
        async with context.unit_of_work(platform=True) as uow:
            assert await uow.session.scalar(select(func.count(User.id))) == 0
            assert await uow.session.scalar(select(func.count(SigningKey.id))) == 1
    finally:
        await context.close()


async def test_what_must_hold_holds(fresh_database: Any, identity_settings: Any) -> None:
    from sqlalchemy import text

    from services.identity.tests.outsiders import Platform

    context = ServiceContext(SERVICE, fresh_database(SERVICE), settings=identity_settings)
    try:
        await seed(context)
        platform = Platform(context)
        owner = await platform.business()
        await platform.login(owner.email)

        async def breaches() -> dict[str, int]:
            async with context.unit_of_work(platform=True) as uow:
                return {i.name: (await i.check(uow)).breaches for i in SERVICE.invariants}

        assert set((await breaches()).values()) == {0}
        async with context.unit_of_work(platform=True) as uow:
            for statement in (
                "UPDATE identity.member_roles SET role = 'nonsense' WHERE role = 'owner'",
                "UPDATE identity.tenants SET status = 'pending' WHERE status = 'active'",
                "UPDATE identity.signing_keys SET retired_at = now()",
                "INSERT INTO identity.refresh_tokens (token_hash, session_id, expires_at)"
                " SELECT 'x', session_id, expires_at FROM identity.refresh_tokens LIMIT 1",
                # The end of a chain that has no entry.
                f"INSERT INTO identity.audit_chains (tenant_id, seq, hash) VALUES ('{new_id()}', 1, 'x')",
                # An event that was taken and is in no log.
                "INSERT INTO identity.inbox (event_id, handler)"
                f" VALUES ('{new_id()}', 'identity.record_audit')",
                "UPDATE identity.registrations SET approvals_needed = 2, due_at = now()",
                "UPDATE identity.registration_votes v SET voter_id = r.owner_user_id"
                " FROM identity.registrations r WHERE r.id = v.registration_id",
                "UPDATE identity.provisioning_steps SET next_attempt_at = NULL WHERE name = 'default_store'",
                "DELETE FROM identity.provisioning_steps WHERE name = 'default_pipeline'",
            ):
                await uow.session.execute(text(statement))
        assert set((await breaches()).values()) == {1}
    finally:
        await context.close()


class TestFirstAdministrator:
    """Nobody could let anybody in where production has no demo account."""

    async def _seeded(self, fresh_database: Any, settings: IdentitySettings) -> ServiceContext:
        common = fresh_database(SERVICE).model_copy(update={"environment": "production"})
        context = ServiceContext(SERVICE, common, settings=settings)
        try:
            await seed(context)
        finally:
            await context.close()
        return context

    async def _administrators(self, common: Any) -> list[Any]:
        context = ServiceContext(SERVICE, common)
        try:
            async with context.unit_of_work(platform=True) as uow:
                found = await uow.session.execute(
                    select(User.email, MemberRole.role)
                    .join(Member, Member.user_id == User.id)
                    .join(MemberRole, MemberRole.member_id == Member.id)
                    .order_by(MemberRole.role)
                )
                return list(map(tuple, found))
        finally:
            await context.close()

    async def test_is_made_once_in_production(
        self, fresh_database: Any, identity_settings: IdentitySettings
    ) -> None:
        first = _with_administrator(identity_settings, "first@example.com", "a password of some length")
        context = await self._seeded(fresh_database, first)
        other = ServiceContext(
            SERVICE,
            context.common,
            settings=_with_administrator(identity_settings, "second@example.com", "weak"),
        )
        try:
            await seed(other)
        finally:
            await other.close()

        assert await self._administrators(context.common) == [
            ("first@example.com", "staff-admin"),
            ("first@example.com", "superadmin"),
        ]

    async def test_is_not_made_where_none_is_named(
        self, fresh_database: Any, identity_settings: IdentitySettings
    ) -> None:
        context = await self._seeded(fresh_database, identity_settings)

        assert await self._administrators(context.common) == []

    async def test_needs_a_good_password(
        self, fresh_database: Any, identity_settings: IdentitySettings
    ) -> None:
        with pytest.raises(WeakPassword):
            await self._seeded(
                fresh_database, _with_administrator(identity_settings, "first@example.com", "")
            )

    async def test_takes_no_account_that_somebody_else_made(
        self, fresh_database: Any, identity_settings: IdentitySettings
    ) -> None:
        context = await self._seeded(fresh_database, identity_settings)
        other = ServiceContext(
            SERVICE,
            context.common,
            settings=_with_administrator(identity_settings, "first@example.com", "a password of some length"),
        )
        try:
            async with other.unit_of_work(platform=True) as uow:
                uow.session.add(
                    User(
                        email="first@example.com",
                        password_hash="x",
                        first_name="Some",
                        last_name="Body",
                        home_tenant_id=OPERATOR_TENANT_ID,
                    )
                )
            with pytest.raises(Conflict, match="already"):
                await seed(other)
        finally:
            await other.close()

        assert await self._administrators(context.common) == []


def _with_administrator(settings: IdentitySettings, email: str, password: str) -> IdentitySettings:
    return settings.model_copy(
        update={"administrator_email": email, "administrator_password": SecretStr(password)}
    )
