"""The SQL behind every request at the gateway: one statement says who somebody is and what he may do where."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Integer, Text, Uuid, and_, any_, bindparam, case, func, null, or_, select
from sqlalchemy.dialects.postgresql import array

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.direct import Direct, Row
from libs.common.db.unit_of_work import UnitOfWork
from libs.contracts.identity import CHANGES_OF_ACCESS
from services.identity.db import MODELS
from services.identity.domains.models import Domain
from services.identity.members.models import Member, MemberRole
from services.identity.plans.models import Plan
from services.identity.roles.catalogue import GUEST
from services.identity.roles.models import Role
from services.identity.sessions.idleness import is_not_idle
from services.identity.sessions.models import Session
from services.identity.staff_grants.models import StaffGrant
from services.identity.subscriptions.models import Subscription
from services.identity.tenants.models import Tenant
from services.identity.users.models import User


@dataclass(frozen=True, slots=True)
class Place:
    """A business that comes into question, and the roles held there with their permissions."""

    tenant_id: UUID
    status: str
    is_host: bool
    is_member: bool = False
    roles: dict[str, list[str]] = field(default_factory=dict)
    # What the business has opened to this person of the staff, each with the Unix time when that ends.
    grants: Sequence[tuple[list[str], float]] = ()
    # Its plan: code, features, and how much of what it allows; None where the platform has no plans yet.
    plan: tuple[str, list[str], dict[str, int]] | None = None
    # What it asks of sign-ins.
    policy: dict[str, Any] | None = None
    # A name of the IANA database; None where it has set none.
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Who signed in, with the businesses in question by id."""

    email: str
    name: str
    home_tenant_id: UUID | None
    last_seen_at: datetime | None
    idle_seconds: int | None
    session_ends: datetime | None
    acting_user_id: UUID | None
    amr: list[str] | None
    places: dict[UUID, Place]
    guest_permissions: list[str]


_HOST = (
    select(Domain.tenant_id)
    .where(Domain.host == bindparam("host"), Domain.verified_at.is_not(None))
    .scalar_subquery()
)
_GUEST = (
    select(Role.permissions)
    .where(Role.tenant_id == OPERATOR_TENANT_ID, Role.code == GUEST, Role.is_system)
    .scalar_subquery()
)
# {role: [permission, …]} of a membership; a role is the tenant's own or one of the platform.
_ROLES = (
    select(func.jsonb_object_agg(MemberRole.role, Role.permissions))
    .join(
        Role,
        and_(
            Role.tenant_id.in_([MemberRole.tenant_id, OPERATOR_TENANT_ID]),
            Role.code == MemberRole.role,
            or_(Role.is_system, Role.tenant_id == MemberRole.tenant_id),
        ),
    )
    .where(MemberRole.tenant_id == Member.tenant_id, MemberRole.member_id == Member.id)
    .correlate(Member)
    .scalar_subquery()
)
_GRANTS = (
    select(
        func.jsonb_agg(
            func.jsonb_build_array(StaffGrant.permissions, func.extract("epoch", StaffGrant.expires_at))
        )
    )
    .where(
        StaffGrant.user_id == User.id,
        StaffGrant.tenant_id == Tenant.tenant_id,
        StaffGrant.deleted_at.is_(None),
        StaffGrant.expires_at > bindparam("now"),
    )
    .correlate(User, Tenant)
    .scalar_subquery()
)
# A business without a subscription is one of a release that had none.
_PLAN_CODE = func.coalesce(
    select(Subscription.plan)
    .where(Subscription.tenant_id == Tenant.tenant_id, Subscription.id == Tenant.tenant_id)
    .correlate(Tenant)
    .scalar_subquery(),
    bindparam("default_plan", type_=Text()),
)
_PLAN = (
    select(func.jsonb_build_array(Plan.code, Plan.features, Plan.limits.op("||")(Plan.quotas)))
    .where(Plan.tenant_id == OPERATOR_TENANT_ID, Plan.code == _PLAN_CODE)
    .correlate(Tenant)
    .scalar_subquery()
)
_named = [bindparam(f"named_{n}", type_=Uuid()) for n in range(2)]
# Whoever shows a session, it must be live; whoever shows a personal token has shown that it is good.
_ON_SESSION = and_(Session.user_id == User.id, Session.id == bindparam("session_id", type_=Uuid()))
_LIVE = and_(
    Session.revoked_at.is_(None),
    Session.expires_at > bindparam("now"),
    is_not_idle(bindparam("now", type_=DateTime(timezone=True))),
)


def _person(*, has_session: bool) -> Any:
    seen = (
        Session.last_seen_at,
        Session.idle_seconds,
        Session.expires_at,
        Session.acting_user_id,
        Session.amr,
    )
    statement = select(
        User.email,
        User.first_name,
        User.last_name,
        User.home_tenant_id,
        *(seen if has_session else (null(), null(), null(), null(), null())),
        Tenant.id,
        Tenant.status,
        func.coalesce(Tenant.id == _HOST, False),
        Member.id.is_not(None),
        func.coalesce(_ROLES, func.jsonb_build_object()),
        func.coalesce(_GRANTS, func.jsonb_build_array()),
        _PLAN,
        Tenant.sign_in_policy,
        Tenant.settings["timezone"].astext,
        _GUEST,
    ).select_from(User)
    if has_session:
        statement = statement.join(Session, _ON_SESSION).where(_LIVE)
    return (
        statement.outerjoin(
            Tenant,
            Tenant.tenant_id == any_(array([User.home_tenant_id, *_named, _HOST, OPERATOR_TENANT_ID])),
        )
        .outerjoin(Member, and_(Member.tenant_id == Tenant.tenant_id, Member.user_id == User.id))
        .where(User.id == bindparam("user_id", type_=Uuid()), User.is_active)
    )


_WITH_SESSION, _WITH_TOKEN = Direct(_person(has_session=True)), Direct(_person(has_session=False))
_SHOPS = Direct(
    select(Tenant.id, Tenant.status, func.coalesce(Tenant.id == _HOST, False), _PLAN, _GUEST).where(
        Tenant.tenant_id == any_(array([_named[0], _HOST]))
    )
)


_outbox = MODELS.outbox
_CHANGES_ACCESS = or_(*(_outbox.type == event.wire_name for event in CHANGES_OF_ACCESS))
_UNPUBLISHED = Direct(
    select(_outbox.type, case((_CHANGES_ACCESS, _outbox.data)))
    .where(_outbox.published_at.is_(None))
    .order_by(_outbox.id)
    .limit(bindparam("limit", type_=Integer()))
)


class AccessRepository:
    """Reads in the platform scope."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow

    @property
    def _default_plan(self) -> str:
        code: str = self.uow.context.settings.default_plan
        return code

    async def signed_in(
        self, user_id: UUID, session_id: UUID, *, named: Sequence[UUID | None], host: str | None
    ) -> Person | None:
        """The person of a live session, or None; read in one round trip, in a transaction of its own.

        `named` are up to two businesses that the request names.
        """
        values = {**self._values(user_id, named, host), "session_id": session_id}
        return _found(await _WITH_SESSION.all_at_once(self.uow, **values))

    async def unseen(self, user_id: UUID, company_id: UUID) -> Person | None:
        """The person of an account that is not switched off, in one business; read like `signed_in`."""
        values = self._values(user_id, (company_id, None), None)
        return _found(await _WITH_TOKEN.all_at_once(self.uow, **values))

    async def of_token(
        self, user_id: UUID, *, named: Sequence[UUID | None], host: str | None
    ) -> Person | None:
        """The person of a token, or None; read in the transaction that has found the token."""
        return _found(await _WITH_TOKEN.all(self.uow, **self._values(user_id, named, host)))

    def _values(self, user_id: UUID, named: Sequence[UUID | None], host: str | None) -> dict[str, Any]:
        return {
            "user_id": user_id,
            "now": self.uow.now,
            "host": host,
            "named_0": named[0],
            "named_1": named[1],
            "default_plan": self._default_plan,
        }

    async def shops(self, company_id: UUID | None, host: str | None) -> tuple[dict[UUID, Place], list[str]]:
        """The businesses that a guest's request names, and what guests may do."""
        rows = await _SHOPS.all(self.uow, named_0=company_id, host=host, default_plan=self._default_plan)
        places = {row[0]: Place(row[0], row[1], row[2], plan=row[3]) for row in rows}
        return places, (rows[0][4] or []) if rows else []

    async def unpublished(self, limit: int) -> Sequence[tuple[str, dict[str, Any] | None]]:
        """The names of the oldest events that wait to be published, with their data where they change rights."""
        return [(row[0], row[1]) for row in await _UNPUBLISHED.all(self.uow, limit=limit)]


def _found(rows: Sequence[Row]) -> Person | None:
    if not rows:
        return None
    email, first_name, last_name, home, seen, idle, ends, acting, amr, *_, guest = rows[0]
    places = {row[9]: Place(*row[9:18]) for row in rows if row[9] is not None}
    name = f"{first_name} {last_name}".strip()
    return Person(email, name, home, seen, idle, ends, acting, amr, places, guest or [])
