"""Background work on privacy requests: they go on until every service has answered."""

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, select, update

from libs.common.actor import OPERATOR_TENANT_ID, system_actor
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import AppError
from libs.common.privacy.people import Person
from libs.contracts.audit import change_recorded
from libs.contracts.identity import AccessChanged
from services.identity.privacy_requests.flow import OWN, Flow
from services.identity.privacy_requests.models import PrivacyRequest, RequestKind, RequestStatus
from services.identity.privacy_requests.repository import PrivacyReceiptRepository, PrivacyRequestRepository
from services.identity.privacy_requests.service import ErasureService
from services.identity.tenants.models import Tenant

if TYPE_CHECKING:
    from libs.common.runtime.context import ServiceContext

log = logging.getLogger("pillars.identity.privacy")
_BATCH = 20
_FORGOTTEN = 200
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=15), timedelta(hours=1)
# Those that the pause is as long as after, where this service itself failed.
_SOME_ATTEMPTS = 4
# How long an export can be fetched.
KEPT = timedelta(days=7)


def due(context: "ServiceContext", now: ColumnElement[datetime]) -> Select[Any]:
    """Requests about people that somebody has to go on with."""
    return select(PrivacyRequest.id).where(
        PrivacyRequest.status == RequestStatus.PENDING, PrivacyRequest.next_try_at <= now
    )


def closing(context: "ServiceContext", now: ColumnElement[datetime]) -> Select[Any]:
    """Closed businesses that somebody has to go on erasing."""
    return select(PrivacyRequest.id).where(
        PrivacyRequest.status == RequestStatus.RUNNING, PrivacyRequest.next_try_at <= now
    )


async def run_privacy_requests(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Go on with all requests about people that are due; what fails is tried again after a pause."""
    await _run(uow.context, RequestStatus.PENDING, uow.now)


async def erase_closed_tenants(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Go on with erasing what closed businesses have; what fails is tried again after a pause."""
    await _run(uow.context, RequestStatus.RUNNING, uow.now)


async def forget_privacy_exports(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Remove what exports collected once they have expired, some at a time."""
    await PrivacyRequestRepository(uow).expire(uow.now, _FORGOTTEN)


async def _run(context: "ServiceContext", status: RequestStatus, now: datetime) -> None:
    async with context.unit_of_work(platform=True) as reading:
        statement = (
            select(PrivacyRequest)
            .where(PrivacyRequest.status == status, PrivacyRequest.next_try_at <= now)
            .order_by(PrivacyRequest.next_try_at)
            .limit(_BATCH)
        )
        found = list((await reading.session.execute(statement)).scalars())
        reading.session.expunge_all()
    for request in found:
        flow = Flow(context, request, _person(request))
        try:
            await _go_on(flow)
        except Exception as error:
            # It waits as for any other service, and holds up no other request. Its text may name the person.
            failure = error.slug if isinstance(error, AppError) else type(error).__name__
            told = {"privacy_request_id": str(request.id), "failure": failure}
            log.error("a privacy request failed", extra=told)
            await flow.put_off(OWN, failure)
            await _pause(flow, _SOME_ATTEMPTS)


def _person(request: PrivacyRequest) -> Person:
    if request.kind == RequestKind.CLOSING:
        return Person(request.id, None, None, request.tenant_id, is_business=True)
    tenant_id = None if request.user_id is not None else request.tenant_id
    return Person(request.id, request.user_id, request.email, tenant_id)


async def _go_on(flow: Flow) -> None:
    request, person = flow.request, flow.person
    async with flow.context.unit_of_work(platform=True) as uow:
        waiting = await PrivacyReceiptRepository(uow).waiting(request)
        own = waiting.get(OWN)
        is_erasure = request.kind == RequestKind.ERASURE
        if is_erasure and person.user_id is not None and own is not None and not own.step:
            # Other owners may have left since it was asked for.
            await ErasureService(uow).check(person.user_id)
        uow.session.expunge_all()
    is_done, failures = await flow.go_on(waiting)
    if failures:
        await _pause(flow, failures - 1)
    elif is_done:
        await _complete(flow)


async def _pause(flow: Flow, attempts: int) -> None:
    request = flow.request
    async with flow.context.unit_of_work(platform=True) as uow:
        pause = min(_FIRST_PAUSE * 2 ** min(attempts, 10), _LONGEST_PAUSE)
        await uow.session.execute(
            update(PrivacyRequest)
            .where(PrivacyRequest.tenant_id == request.tenant_id, PrivacyRequest.id == request.id)
            .values(next_try_at=uow.now + pause)
        )


async def _complete(flow: Flow) -> None:
    """End the request; one that erased forgets whom it was about."""
    request, is_export = flow.request, flow.request.kind == RequestKind.EXPORT
    email = flow.person.pseudonym if request.kind == RequestKind.ERASURE else request.email
    async with flow.context.unit_of_work(system_actor(OWN, request.tenant_id), platform=True) as uow:
        ended = await uow.session.execute(
            update(PrivacyRequest)
            .where(
                PrivacyRequest.tenant_id == request.tenant_id,
                PrivacyRequest.id == request.id,
                PrivacyRequest.status == request.status,
            )
            .values(
                status=RequestStatus.COMPLETED,
                completed_at=uow.now,
                expires_at=uow.now + KEPT if is_export else None,
                email=email,
            )
            .returning(PrivacyRequest.id)
        )
        if ended.first() is None:
            return
        if request.kind == RequestKind.CLOSING:
            await _note_erased(uow, request)
        else:
            uow.audit("completed", f"privacy {request.kind}", request.id)


async def _note_erased(uow: UnitOfWork, request: PrivacyRequest) -> None:
    company_id = request.tenant_id
    await uow.session.execute(
        update(Tenant)
        .where(Tenant.tenant_id == company_id, Tenant.id == company_id)
        .values(erased_at=uow.now, version=Tenant.version + 1)
    )
    # Its host names lead nowhere any more.
    uow.emit(AccessChanged.of(company_id=company_id), tenant_id=OPERATOR_TENANT_ID)
    event = change_recorded(
        OWN, "completed", "privacy closing", request.id, None, {"company_id": str(company_id)}
    )
    uow.emit(event, tenant_id=OPERATOR_TENANT_ID)
