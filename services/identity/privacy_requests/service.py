"""The rules of privacy requests."""

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import NotFound, PermissionDenied
from libs.common.filters import ListQuery
from libs.common.runtime.registry import NAMES
from services.identity.privacy_requests.errors import ExportNotReady, OwnsABusiness
from services.identity.privacy_requests.models import (
    PrivacyReceipt,
    PrivacyRequest,
    RequestKind,
    RequestStatus,
)
from services.identity.privacy_requests.repository import PrivacyReceiptRepository, PrivacyRequestRepository
from services.identity.privacy_requests.schemas import PrivacyRequestCreate
from services.identity.users.models import User

JOB = "run_privacy_requests"
_NOUN = "privacy request"


def whole_of(receipt_id: UUID) -> str:
    """What all that a service knows is bound to, where the release before keeps it in one piece."""
    return f"privacy_receipts.part:{receipt_id}"


def part_of(part_id: UUID) -> str:
    """What a part of an export is bound to."""
    return f"privacy_parts.sealed:{part_id}"


class PrivacyRequestService:
    """Requests of the tenant acted in, of one kind."""

    kind: ClassVar[RequestKind]

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.rows = PrivacyRequestRepository(uow).of(self.kind)
        self.receipts = PrivacyReceiptRepository(uow)

    async def list(self, query: ListQuery) -> dict[str, Any]:
        """One page of requests."""
        rows, cursor = await self.rows.page(query)
        return {"items": await self._shown(rows), "next_cursor": cursor}

    async def get(self, request_id: UUID) -> Any:
        """One request with its receipts.

        Raises:
            NotFound: there is none of this kind here.
        """
        return (await self._shown([await self._find(request_id)]))[0]

    async def create(self, body: PrivacyRequestCreate) -> Any:
        """Ask all services; each gets a receipt that waits to be filled.

        Raises:
            NotFound: there is no such person.
            PermissionDenied: a person of the whole platform is meant, and the caller acts in a business.
            OwnsABusiness: a business would be left without an owner.
        """
        tenant_id = self.uow.tenant_id
        email = body.email
        if body.user_id is not None:
            email = await self._address_of(body.user_id)
            await self.uow.enter_tenant(tenant_id)
        assert email is not None
        row = await self.rows.add(
            PrivacyRequest(
                kind=self.kind,
                user_id=body.user_id,
                email=email,
                reason=body.reason,
                requested_by_id=self.uow.actor.user_id,
                next_try_at=self.uow.now,
            )
        )
        for name in NAMES:
            await self.receipts.add(PrivacyReceipt(request_id=row.id, service=name))
        # Whom it is about is not written down for ever.
        user_id = None if body.user_id is None else str(body.user_id)
        self.uow.audit("requested", f"privacy {self.kind}", row.id, after={"user_id": user_id})
        self.uow.defer(JOB, key=JOB)
        return (await self._shown([row]))[0]

    async def retry(self, request_id: UUID) -> Any:
        """Ask those services again at once that have not answered."""
        row = await self._find(request_id, lock=True)
        if row.status == RequestStatus.PENDING:
            row.next_try_at = self.uow.now
            await self.rows.save(row)
            self.uow.audit("retried", f"privacy {self.kind}", row.id)
            self.uow.defer(JOB, key=JOB)
        return (await self._shown([row]))[0]

    async def check(self, user_id: UUID) -> None:
        """Refuse a person with an account; in the platform scope."""

    async def _address_of(self, user_id: UUID) -> str:
        actor = self.uow.actor
        if actor.tenant_id != OPERATOR_TENANT_ID and not actor.is_superuser:
            raise PermissionDenied(
                "People belong to several businesses: the platform's staff erase them. Name an email.",
                required_permission="identity.privacy.write",
            )
        await self.uow.enter_platform()
        user = await self.uow.session.get(User, user_id)
        if user is None:
            raise NotFound("There is no such person.", resource="user")
        await self.check(user_id)
        return user.email

    async def _find(self, request_id: UUID, *, lock: bool = False) -> PrivacyRequest:
        row = await self.rows.get(request_id, lock=lock)
        if row is None or row.kind != self.kind:
            raise NotFound(f"There is no such {_NOUN}.", resource=_NOUN)
        return row

    async def _shown(self, rows: Sequence[PrivacyRequest]) -> Sequence[dict[str, Any]]:
        receipts: dict[UUID, list[PrivacyReceipt]] = {}
        for receipt in await self.receipts.of([row.id for row in rows]):
            receipts.setdefault(receipt.request_id, []).append(receipt)
        names = [column.key for column in PrivacyRequest.__mapper__.column_attrs]
        return [
            {**{name: getattr(row, name) for name in names}, "receipts": receipts.get(row.id, [])}
            for row in rows
        ]


class ExportService(PrivacyRequestService):
    """Requests to hand out."""

    kind = RequestKind.EXPORT

    async def fetch(self, request_id: UUID) -> tuple[PrivacyRequest, Sequence[PrivacyReceipt]]:
        """A finished export that somebody fetches, and the receipts of its parts.

        Raises:
            ExportNotReady: it is not complete, has expired, or the person was erased since.
        """
        row = await self._find(request_id)
        if row.status != RequestStatus.COMPLETED:
            raise ExportNotReady(f"The export is {row.status}.", state=row.status)
        receipts = await self.receipts.of([row.id])
        self.uow.audit("fetched", f"privacy {self.kind}", row.id)
        self.uow.session.expunge_all()
        return row, receipts


class ErasureService(PrivacyRequestService):
    """Requests to erase."""

    kind = RequestKind.ERASURE

    async def check(self, user_id: UUID) -> None:
        """Refuse who is the only owner of a business; in the platform scope.

        Raises:
            OwnsABusiness: that is so.
        """
        if await self.receipts.is_only_owner(user_id):
            raise OwnsABusiness("Make somebody else an owner first.")


class ClosingService(PrivacyRequestService):
    """The request about the business itself, once it has closed and its time is over."""

    kind = RequestKind.CLOSING

    async def show(self) -> Any:
        """How far it is.

        Raises:
            NotFound: nobody erases what the business has.
        """
        row = await self.receipts.closing()
        if row is None:
            raise NotFound("What the business has is not being erased.", resource="erasure")
        return (await self._shown([row]))[0]
