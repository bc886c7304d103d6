"""What a new installation needs: operator, system roles, a signing key, its first superadministrator.

Runs after every migration, so it changes only what differs.
"""

from sqlalchemy import delete, select, text

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import Conflict
from libs.common.runtime.context import ServiceContext
from libs.contracts.identity import AccessChanged, MemberAdded
from services.identity.members.repository import MemberRepository
from services.identity.members.service import member_fact, new_member
from services.identity.passwords.hashing import Passwords
from services.identity.passwords.policy import check_password
from services.identity.plans.catalogue import SEEDED_PLANS
from services.identity.plans.models import Plan
from services.identity.roles.catalogue import STAFF_ADMIN, SUPERADMIN, SYSTEM_ROLES
from services.identity.roles.models import Role
from services.identity.settings import IdentitySettings
from services.identity.signing_keys.service import SigningKeyService
from services.identity.tenants.models import Tenant, TenantStatus
from services.identity.tenants.repository import TenantRepository
from services.identity.users.models import User
from services.identity.users.repository import UserRepository

DEMO_EMAIL = "admin@example.com"
# Below what the password rule takes, and made in development and test only.
DEMO_PASSWORD = "admin123"
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(7152308)")


async def seed(context: ServiceContext) -> None:
    """Make what is missing and bring system roles up to date."""
    with_demo = context.common.environment in ("development", "test")
    demo_hash = await Passwords.of(context).hash(DEMO_PASSWORD) if with_demo else None
    given = context.settings.administrator_password.get_secret_value()
    given_hash = await Passwords.of(context).hash(given) if context.settings.administrator_email else None
    async with context.unit_of_work(tenant_id=OPERATOR_TENANT_ID, platform=True) as uow:
        await uow.session.execute(_ONE_AT_A_TIME)
        await _operator(uow)
        await _roles(uow)
        await _plans(uow)
        await SigningKeyService(uow).ensure()
        if demo_hash is not None:
            await _demo(uow, demo_hash)
        if given_hash is not None:
            await _administrator(uow, context.settings, given_hash)


async def _operator(uow: UnitOfWork) -> None:
    tenants = TenantRepository(uow)
    if await tenants.get(OPERATOR_TENANT_ID) is None:
        await tenants.add(
            Tenant(
                tenant_id=OPERATOR_TENANT_ID,
                id=OPERATOR_TENANT_ID,
                name="Pillars Operator",
                slug="pillars-operator",
                status=TenantStatus.ACTIVE,
                activated_at=uow.now,
                country="ZA",
                currency="ZAR",
            )
        )


async def _roles(uow: UnitOfWork) -> None:
    statement = select(Role).where(Role.tenant_id == OPERATOR_TENANT_ID, Role.is_system)
    stored = {role.code: role for role in (await uow.session.execute(statement)).scalars()}
    for wanted in SYSTEM_ROLES:
        fields = {
            "name": wanted.name,
            "description": wanted.description,
            "scope": str(wanted.scope),
            "permissions": list(wanted.permissions),
        }
        role = stored.get(wanted.code)
        if role is None:
            uow.session.add(Role(tenant_id=OPERATOR_TENANT_ID, code=wanted.code, is_system=True, **fields))
        elif any(getattr(role, name) != value for name, value in fields.items()):
            for name, value in fields.items():
                setattr(role, name, value)
            role.version += 1
            role.updated_at = uow.now
    if uow.session.new or uow.session.dirty:
        uow.emit(AccessChanged.of())
    gone = set(stored) - {role.code for role in SYSTEM_ROLES}
    if gone:
        # Members who hold one keep the code, which grants nothing any more.
        await uow.session.execute(
            delete(Role).where(Role.tenant_id == OPERATOR_TENANT_ID, Role.is_system, Role.code.in_(gone))
        )
    await uow.session.flush()


async def _plans(uow: UnitOfWork) -> None:
    # A plan that was removed stays removed, and a changed one stays changed.
    statement = select(Plan.code).where(Plan.tenant_id == OPERATOR_TENANT_ID)
    known = set((await uow.session.execute(statement)).scalars())
    for wanted in SEEDED_PLANS:
        if wanted.code not in known:
            uow.session.add(
                Plan(
                    tenant_id=OPERATOR_TENANT_ID,
                    code=wanted.code,
                    name=wanted.name,
                    description=wanted.description,
                    features=sorted(wanted.features),
                    limits=wanted.limits,
                    quotas=wanted.quotas,
                    price_amount=wanted.price_amount,
                    currency="ZAR",
                    trial_days=wanted.trial_days,
                    rank=wanted.rank,
                )
            )
    if uow.session.new:
        uow.emit(AccessChanged.of())
    await uow.session.flush()


async def _demo(uow: UnitOfWork, password_hash: str) -> None:
    if await UserRepository(uow).by_email(DEMO_EMAIL) is None:
        await _add_superadministrator(uow, DEMO_EMAIL, password_hash, first_name="Demo")


async def _administrator(uow: UnitOfWork, settings: IdentitySettings, password_hash: str) -> None:
    email = settings.administrator_email
    if await MemberRepository(uow).holders(SUPERADMIN, limit=1):
        return
    check_password(settings.administrator_password.get_secret_value(), email, settings)
    if await UserRepository(uow).by_email(email) is not None:
        # Whoever made it may be somebody else, and knows its password.
        raise Conflict(f"{email} has an account already; name another address for the administrator.")
    await _add_superadministrator(uow, email, password_hash, first_name="First")


async def _add_superadministrator(
    uow: UnitOfWork, email: str, password_hash: str, *, first_name: str
) -> None:
    user = await UserRepository(uow).add(
        User(
            email=email,
            password_hash=password_hash,
            first_name=first_name,
            last_name="Admin",
            home_tenant_id=OPERATOR_TENANT_ID,
        )
    )
    member = await MemberRepository(uow).add(new_member(user, OPERATOR_TENANT_ID, [SUPERADMIN, STAFF_ADMIN]))
    uow.emit(member_fact(MemberAdded, member))
