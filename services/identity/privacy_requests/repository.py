"""All SQL of privacy requests."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, func, literal, or_, select, tuple_, update
from sqlalchemy.orm import aliased

from libs.common.db.repository import Repository
from libs.common.db.search import address_key
from libs.common.privacy.people import Person
from services.identity.members.models import Member, MemberRole
from services.identity.privacy_requests.models import (
    PrivacyPart,
    PrivacyReceipt,
    PrivacyRequest,
    ReceiptStatus,
    RequestKind,
    RequestStatus,
)
from services.identity.roles.catalogue import OWNER, SUPERADMIN
from services.identity.tenants.models import Tenant, TenantStatus


class PrivacyRequestRepository(Repository[PrivacyRequest]):
    """Requests of one tenant and kind."""

    model = PrivacyRequest
    kind: RequestKind

    def of(self, kind: RequestKind) -> "PrivacyRequestRepository":
        """The same, of this kind."""
        self.kind = kind
        return self

    def visible(self) -> list[ColumnElement[bool]]:
        """Those of the kind."""
        return [PrivacyRequest.kind == self.kind]

    async def expire(self, now: datetime, limit: int) -> None:
        """Take away a batch of the exports whose time is over; in the platform scope."""
        batch = (
            select(PrivacyRequest.tenant_id, PrivacyRequest.id)
            .where(PrivacyRequest.status == RequestStatus.COMPLETED, PrivacyRequest.expires_at <= now)
            .order_by(PrivacyRequest.expires_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        await self._end(tuple_(PrivacyRequest.tenant_id, PrivacyRequest.id).in_(batch))

    async def forget(self, person: Person) -> None:
        """Take away all exports of a person who is being erased, and the address in them; in the platform scope."""
        request = PrivacyRequest.__table__
        ways: list[ColumnElement[bool]] = []
        if person.user_id is not None:
            ways.append(PrivacyRequest.user_id == person.user_id)
        if person.email is not None:
            ways.append(
                address_key(request, PrivacyRequest.email) == address_key(request, literal(person.email))
            )
        here = [] if person.tenant_id is None else [PrivacyRequest.tenant_id == person.tenant_id]
        await self._end(PrivacyRequest.kind == RequestKind.EXPORT, or_(*ways), *here, email=person.pseudonym)

    async def _end(self, *which: ColumnElement[bool], **changes: Any) -> None:
        ended = (
            update(PrivacyRequest)
            .where(*which)
            .values(status=RequestStatus.EXPIRED, **changes)
            .returning(PrivacyRequest.tenant_id, PrivacyRequest.id)
            .cte("ended")
        )
        # The requests first: who stores a part looks at its request.
        of = select(ended.c.tenant_id, ended.c.id)
        emptied = (
            update(PrivacyReceipt)
            .where(tuple_(PrivacyReceipt.tenant_id, PrivacyReceipt.request_id).in_(of))
            .values(sealed_part=None)
            .returning(PrivacyReceipt.tenant_id, PrivacyReceipt.id)
            .cte("emptied")
        )
        receipts = select(emptied.c.tenant_id, emptied.c.id)
        await self.session.execute(
            delete(PrivacyPart).where(tuple_(PrivacyPart.tenant_id, PrivacyPart.receipt_id).in_(receipts))
        )


class PrivacyReceiptRepository(Repository[PrivacyReceipt]):
    """Receipts of one tenant."""

    model = PrivacyReceipt

    async def of(self, requests: Sequence[UUID]) -> list[PrivacyReceipt]:
        """The receipts of these requests, in the order of the services' names."""
        statement = self.select().where(PrivacyReceipt.request_id.in_(requests))
        return list((await self.session.execute(statement.order_by(PrivacyReceipt.service))).scalars())

    async def part_after(self, receipt_id: UUID, step: int) -> PrivacyPart | None:
        """The next part of an export that a service has given, after that of a step."""
        statement = (
            select(PrivacyPart)
            .where(
                PrivacyPart.tenant_id == self.uow.tenant_id,
                PrivacyPart.receipt_id == receipt_id,
                PrivacyPart.step > step,
            )
            .order_by(PrivacyPart.step)
            .limit(1)
        )
        return (await self.session.execute(statement)).scalars().first()

    async def closing(self) -> PrivacyRequest | None:
        """The request about the business acted in, which has closed."""
        statement = select(PrivacyRequest).where(
            PrivacyRequest.tenant_id == self.uow.tenant_id, PrivacyRequest.kind == RequestKind.CLOSING
        )
        return (await self.session.execute(statement)).scalars().first()

    async def waiting(self, request: PrivacyRequest) -> dict[str, PrivacyReceipt]:
        """The receipts that a request waits for, by service."""
        found = await self.find_all(
            PrivacyReceipt.tenant_id == request.tenant_id,
            PrivacyReceipt.request_id == request.id,
            PrivacyReceipt.status == ReceiptStatus.PENDING,
        )
        return {receipt.service: receipt for receipt in found}

    async def locked(self, receipt: PrivacyReceipt, step: int) -> PrivacyReceipt | None:
        """The receipt, its request held, while both wait and so many steps are done; None otherwise."""
        request = select(PrivacyRequest.id).where(
            PrivacyRequest.tenant_id == receipt.tenant_id,
            PrivacyRequest.id == receipt.request_id,
            PrivacyRequest.status.in_((RequestStatus.PENDING, RequestStatus.RUNNING)),
        )
        # First the request, as who expires it does; the receipt is read once nobody else writes it.
        if await self.session.scalar(request.with_for_update()) is None:
            return None
        return await self.find(
            PrivacyReceipt.tenant_id == receipt.tenant_id,
            PrivacyReceipt.id == receipt.id,
            PrivacyReceipt.step == step,
            PrivacyReceipt.status == ReceiptStatus.PENDING,
            lock=True,
        )

    async def is_only_owner(self, user_id: UUID) -> bool:
        """Whether a business that is not closed has no owner but this person, or the platform no superadministrator.

        In the platform scope.
        """
        other = aliased(MemberRole)
        others = exists().where(
            other.tenant_id == MemberRole.tenant_id,
            other.role == MemberRole.role,
            other.member_id != MemberRole.member_id,
        )
        statement = (
            select(func.count())
            .select_from(MemberRole)
            .join(Member, (Member.tenant_id == MemberRole.tenant_id) & (Member.id == MemberRole.member_id))
            .join(Tenant, Tenant.id == Member.tenant_id)
            .where(
                Member.user_id == user_id,
                MemberRole.role.in_((OWNER, SUPERADMIN)),
                Tenant.status != TenantStatus.CLOSED,
                ~others,
            )
        )
        return bool(await self.session.scalar(statement))
