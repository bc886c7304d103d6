"""The rules of tenants."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.errors import InvalidTransition, NotFound, PermissionDenied
from libs.common.ids import new_id
from libs.common.resource import ResourceService
from libs.contracts.audit import change_recorded
from libs.contracts.identity import (
    MemberAdded,
    TenantActivated,
    TenantErasureDue,
    TenantReactivated,
    TenantSuspended,
)
from services.identity.members.repository import MemberRepository
from services.identity.members.service import member_fact, new_member
from services.identity.privacy_requests.closing import ask_all
from services.identity.roles.catalogue import OWNER
from services.identity.tenants.countries import currency_of
from services.identity.tenants.errors import SlugTaken
from services.identity.tenants.models import Tenant, TenantStatus
from services.identity.tenants.repository import TenantRepository
from services.identity.tenants.schemas import TenantCreate, TenantSettings
from services.identity.users.repository import UserRepository

_ANY_READ, _ANY_WRITE = "identity.tenants.read", "identity.tenants.write"
_OWN_WRITE = "identity.company.write"
# What a business cannot change of itself: others rely on it.
_STAFF_FIELDS = frozenset({"slug", "country", "currency"})


class TenantService(ResourceService[Tenant]):
    """Businesses, in the platform scope: staff reach all, others those they belong to."""

    repository = TenantRepository
    noun = "company"

    async def reach(self, tenant_id: UUID) -> Tenant:
        """The business acted in, or for staff any.

        Raises:
            NotFound: it is neither.
        """
        actor = self.uow.actor
        if actor.tenant_id != tenant_id and not actor.may(_ANY_READ):
            raise NotFound("There is no such company.", resource=self.noun)
        return await self.get(tenant_id)

    async def show(self, tenant_id: UUID) -> Tenant:
        """A business that the caller belongs to, whether acted in or not; for staff any."""
        actor = self.uow.actor
        if actor.user_id is not None and actor.tenant_id != tenant_id and not actor.may(_ANY_READ):
            if not await MemberRepository(self.uow).belongs(actor.user_id, tenant_id):
                raise NotFound("There is no such company.", resource=self.noun)
            return await self.get(tenant_id)
        return await self.reach(tenant_id)

    async def open(self, body: TenantCreate) -> Tenant:
        """Set up a business that trades at once."""
        owner = await UserRepository(self.uow).get(body.owner_id)
        if owner is None:
            raise NotFound("There is no such user.", resource="user")
        tenant_id = new_id()
        values = body.model_dump(exclude={"owner_id", "slug", "currency"})
        tenant = Tenant(
            tenant_id=tenant_id,
            id=tenant_id,
            status=TenantStatus.ACTIVE,
            activated_at=self.uow.now,
            currency=body.currency or currency_of(body.country),
            **values,
        )
        rows = TenantRepository(self.uow)
        if body.slug is None:
            await rows.add_with_slug(tenant)
        else:
            tenant.slug = body.slug
            await rows.add(tenant)
        member = await MemberRepository(self.uow).add(new_member(owner, tenant_id, [OWNER]))
        if owner.home_tenant_id is None:
            owner.home_tenant_id = tenant_id
        self.uow.emit(member_fact(MemberAdded, member), tenant_id=tenant_id)
        self.uow.emit(
            TenantActivated(
                company_id=tenant_id,
                company_name=tenant.name,
                owner_user_id=owner.id,
                owner_email=owner.email,
                country=tenant.country,
                currency=tenant.currency,
            ),
            tenant_id=tenant_id,
        )
        self._record("created", tenant, None)
        self.uow.tag(tenant.version)
        return tenant

    async def update(self, row_id: UUID, body: BaseModel) -> Tenant:
        """Change a business: staff any, an owner the one acted in."""
        await self.require_write(row_id)
        return await super().update(row_id, body)

    async def prepare(self, values: dict[str, Any], row: Tenant | None) -> dict[str, Any]:
        """Keep what only staff change from others, and the slug unique."""
        changed = {name for name in _STAFF_FIELDS & set(values) if row and getattr(row, name) != values[name]}
        if changed and not self.uow.actor.may(_ANY_WRITE):
            raise PermissionDenied(
                f"Only staff change {', '.join(sorted(changed))}.", required_permission=_ANY_WRITE
            )
        if "slug" in changed and await TenantRepository(self.uow).has_slug(values["slug"]):
            raise SlugTaken
        return values

    async def update_settings(
        self, tenant_id: UUID, body: TenantSettings, *, is_whole: bool = False
    ) -> Tenant:
        """Change some settings of a business, or take these for the whole of them."""
        await self.require_write(tenant_id)
        row = await self.get(tenant_id, lock=True)
        self.check_version(row)
        before = {**row.settings, "currency": row.currency}
        changes, kept = body.changes(), {} if is_whole else row.settings
        row.currency = changes.pop("currency", row.currency)
        if body.branding is not None:
            changes["branding"] = {**kept.get("branding", {}), **body.branding.changes()}
            changes["branding"] = {k: v for k, v in changes["branding"].items() if v is not None} or None
        merged = {**kept, **changes}
        row.settings = {name: value for name, value in merged.items() if value is not None}
        await self.rows.save(row)
        after = {**row.settings, "currency": row.currency}
        self.uow.audit("settings_changed", self.noun, row.id, before=before, after=after)
        self.uow.tag(row.version)
        return row

    async def suspend(self, tenant_id: UUID, reason: str | None) -> Tenant:
        """Stop a business from trading, until it is reactivated."""
        row = await self._transition(tenant_id, TenantStatus.SUSPENDED, {TenantStatus.ACTIVE}, reason)
        self.uow.emit(
            TenantSuspended(company_id=row.id, company_name=row.name, reason=reason), tenant_id=row.id
        )
        return row

    async def reactivate(self, tenant_id: UUID) -> Tenant:
        """Let a suspended business trade again."""
        row = await self._transition(tenant_id, TenantStatus.ACTIVE, {TenantStatus.SUSPENDED}, None)
        self.uow.emit(TenantReactivated(company_id=row.id, company_name=row.name), tenant_id=row.id)
        return row

    async def close(self, tenant_id: UUID) -> None:
        """Close a business. Its data are kept for a while, in which it can be opened again."""
        open_states = set(TenantStatus) - {TenantStatus.CLOSED}
        row = await self._transition(tenant_id, TenantStatus.CLOSED, open_states, None)
        row.closed_at = self.uow.now
        row.kept_until = self.uow.now + timedelta(seconds=self.uow.context.settings.closed_kept_seconds)
        self.uow.emit(
            TenantSuspended(company_id=row.id, company_name=row.name, reason="closed"), tenant_id=row.id
        )

    async def reopen(self, tenant_id: UUID) -> Tenant:
        """Open a closed business again, as it was: one that was active trades again.

        Raises:
            InvalidTransition: it is not closed, or its data may be erased by now.
        """
        row = await self.get(tenant_id, lock=True)
        # One that an earlier release closed has no time set, and is kept until somebody says otherwise.
        if row.kept_until is not None and row.kept_until <= self.uow.now:
            raise InvalidTransition("Its data may be erased by now.", current_status=row.status)
        to = TenantStatus.ACTIVE if row.activated_at is not None else TenantStatus.PENDING
        row = await self._transition(tenant_id, to, {TenantStatus.CLOSED}, None)
        row.closed_at = row.kept_until = None
        if to is TenantStatus.ACTIVE:
            self.uow.emit(TenantReactivated(company_id=row.id, company_name=row.name), tenant_id=row.id)
        return row

    async def mark_for_erasure(self, limit: int) -> None:
        """Say of closed businesses whose time is over that their data are erased now, and have it done."""
        for row in await TenantRepository(self.uow).over(self.uow.now, limit):
            await ask_all(self.uow, row.id)
            if row.erasure_due_at is not None or row.closed_at is None:
                # The release before has marked it already.
                continue
            row.erasure_due_at = self.uow.now
            await self.rows.save(row)
            event = change_recorded("identity", "erasure_due", self.noun, row.id, None, None)
            self.uow.emit(event, tenant_id=row.id)
            self.uow.emit(
                TenantErasureDue(company_id=row.id, company_name=row.name, closed_at=row.closed_at),
                tenant_id=row.id,
            )

    async def _transition(
        self, tenant_id: UUID, to: TenantStatus, allowed: set[TenantStatus], reason: str | None
    ) -> Tenant:
        row = await self.get(tenant_id, lock=True)
        before = row.status
        if before not in allowed or row.id == OPERATOR_TENANT_ID:
            raise InvalidTransition(f"The company is {before}.", current_status=before)
        row.status, row.status_reason = to, reason
        await self.rows.save(row)
        self.uow.tag(row.version)
        self.uow.audit(
            str(to), self.noun, row.id, before={"status": before}, after={"status": to, "reason": reason}
        )
        return row

    async def require_write(self, tenant_id: UUID) -> None:
        """Refuse who may not change this business: its owner the one acted in, staff any.

        Raises:
            NotFound, PermissionDenied.
        """
        await self.reach(tenant_id)
        actor = self.uow.actor
        if actor.may(_ANY_WRITE) or (actor.tenant_id == tenant_id and actor.may(_OWN_WRITE)):
            return
        raise PermissionDenied(f"This needs the permission {_OWN_WRITE}.", required_permission=_OWN_WRITE)
