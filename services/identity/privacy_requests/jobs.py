"""The flow of a privacy request: each service is asked until it has answered, this one last.

What a service has done is known to it by the request, so asking again does it once; what it answered is kept in its
receipt. So the flow may end anywhere and begins again where it was.
"""

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Select, select, update

from libs.common.actor import OPERATOR_TENANT_ID, system_actor
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import AppError
from libs.common.privacy.people import Person, collect_person, enter, erase_person
from libs.common.runtime.upstreams import UpstreamProblem
from libs.contracts.identity import MemberChanged
from services.identity.api_keys.service import PersonalTokenService
from services.identity.members.repository import MemberRepository
from services.identity.members.service import member_fact
from services.identity.privacy_requests.models import (
    PrivacyReceipt,
    PrivacyRequest,
    ReceiptStatus,
    RequestKind,
    RequestStatus,
)
from services.identity.privacy_requests.service import part_of
from services.identity.sessions.service import SessionService
from services.identity.users.models import User

if TYPE_CHECKING:
    from libs.common.runtime.context import ServiceContext

log = logging.getLogger("pillars.identity.privacy")
_OWN = "identity"
_BATCH = 20
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=15), timedelta(hours=1)
# Those that the pause is as long as after, where this service itself failed.
_SOME_ATTEMPTS = 4
_ASKED_SECONDS = 60.0
# How long an export can be fetched.
KEPT = timedelta(days=7)


def due(context: "ServiceContext", now: ColumnElement[datetime]) -> Select[Any]:
    """Requests that somebody has to go on with."""
    return select(PrivacyRequest.id).where(
        PrivacyRequest.status == RequestStatus.PENDING, PrivacyRequest.next_try_at <= now
    )


async def run_privacy_requests(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Go on with all that are due; what fails is tried again after a pause."""
    context = uow.context
    async with context.unit_of_work(platform=True) as reading:
        statement = (
            select(PrivacyRequest)
            .where(PrivacyRequest.status == RequestStatus.PENDING, PrivacyRequest.next_try_at <= uow.now)
            .order_by(PrivacyRequest.next_try_at)
            .limit(_BATCH)
        )
        found = list((await reading.session.execute(statement)).scalars())
        reading.session.expunge_all()
    for request in found:
        try:
            await _go_on(context, request)
        except Exception as error:
            # It waits as for any other service, and holds up no other request. Its text may name the person.
            failure = type(error).__name__
            told = {"privacy_request_id": str(request.id), "failure": failure}
            log.error("a privacy request failed", extra=told)
            await _put_off(context, request, _OWN, failure)
            await _pause(context, request, _SOME_ATTEMPTS)


async def forget_privacy_exports(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Remove what exports collected once they have expired."""
    expired = (
        update(PrivacyRequest)
        .where(PrivacyRequest.status == RequestStatus.COMPLETED, PrivacyRequest.expires_at <= uow.now)
        .values(status=RequestStatus.EXPIRED)
        .returning(PrivacyRequest.tenant_id, PrivacyRequest.id)
    )
    for tenant_id, request_id in (await uow.session.execute(expired)).all():
        await uow.session.execute(
            update(PrivacyReceipt)
            .where(PrivacyReceipt.tenant_id == tenant_id, PrivacyReceipt.request_id == request_id)
            .values(sealed_part=None)
        )


async def _go_on(context: "ServiceContext", request: PrivacyRequest) -> None:
    person = Person(
        request.id,
        request.user_id,
        request.email,
        None if request.user_id is not None else request.tenant_id,
    )
    async with context.unit_of_work(platform=True) as uow:
        statement = select(PrivacyReceipt.service, PrivacyReceipt.attempts).where(
            PrivacyReceipt.tenant_id == request.tenant_id,
            PrivacyReceipt.request_id == request.id,
            PrivacyReceipt.status == ReceiptStatus.PENDING,
        )
        rows = (await uow.session.execute(statement)).all()
    waiting: dict[str, int] = {row.service: row.attempts for row in rows}
    failed = [name for name in waiting if name != _OWN and not await _ask(context, request, person, name)]
    if failed:
        await _pause(context, request, max(waiting[name] for name in failed))
        return
    if _OWN in waiting:
        await _do_own(context, request, person)
    await _complete(context, request, person)


async def _ask(context: "ServiceContext", request: PrivacyRequest, person: Person, service: str) -> bool:
    """Have one other service do its part; whether it did."""
    body = {
        "request_id": str(person.request_id),
        "user_id": None if person.user_id is None else str(person.user_id),
        "email": person.email,
        "tenant_id": None if person.tenant_id is None else str(person.tenant_id),
    }
    kind = "erasures" if request.kind == RequestKind.ERASURE else "exports"
    try:
        answer = await context.upstreams.call(
            service,
            "POST",
            f"/internal/privacy/{kind}",
            actor=system_actor(_OWN, person.tenant_id or OPERATOR_TENANT_ID),
            json=body,
            headers={"Idempotency-Key": str(request.id)},
            safe=True,
            timeout=_ASKED_SECONDS,
        )
    except AppError as error:
        slug = error.upstream_slug if isinstance(error, UpstreamProblem) else error.slug
        await _put_off(context, request, service, slug)
        return False
    async with context.unit_of_work(platform=True) as uow:
        await _note_done(uow, request, service, answer)
    return True


async def _do_own(context: "ServiceContext", request: PrivacyRequest, person: Person) -> None:
    """The part of this service, its receipt in the same commit."""
    own = context.service
    actor = system_actor(_OWN, person.tenant_id or OPERATOR_TENANT_ID)
    async with context.unit_of_work(actor) as uow:
        await enter(uow, person)
        if request.kind == RequestKind.EXPORT:
            answer: Any = await collect_person(uow, person, own.metadata, own.privacy)
        else:
            await _close_account(uow, person)
            receipt = await erase_person(uow, person, own.metadata, own.privacy)
            answer = {
                "erased": receipt.erased,
                "pseudonymised": receipt.pseudonymised,
                "kept": receipt.kept,
                "reasons": receipt.reasons,
            }
            counts = {name: answer[name] for name in ("erased", "pseudonymised", "kept")}
            uow.audit("erased", "person", person.request_id, after=counts)
            await _tell_businesses(uow, person)
        await uow.enter_platform()
        await _note_done(uow, request, _OWN, answer)


async def _close_account(uow: UnitOfWork, person: Person) -> None:
    if person.user_id is None:
        return
    await SessionService(uow).revoke_all(person.user_id, "account erased")
    await PersonalTokenService(uow).revoke_all(person.user_id)
    await uow.session.execute(update(User).where(User.id == person.user_id).values(is_active=False))


async def _tell_businesses(uow: UnitOfWork, person: Person) -> None:
    """The name and the address that are no more, to all that keep copies of them."""
    if person.user_id is None:
        return
    uow.session.expire_all()
    for member in await MemberRepository(uow).everywhere(person.user_id):
        uow.emit(member_fact(MemberChanged, member), tenant_id=member.tenant_id)


async def _note_done(uow: UnitOfWork, request: PrivacyRequest, service: str, answer: Any) -> None:
    done: dict[str, Any] = {"status": ReceiptStatus.DONE, "done_at": uow.now, "last_error": None}
    if request.kind == RequestKind.ERASURE:
        done |= {name: answer[name] for name in ("erased", "pseudonymised", "kept", "reasons")}
        await _note(uow, request, service, **done)
        return
    mine = _receipt_of(request, service)
    receipt_id = await uow.session.scalar(select(PrivacyReceipt.id).where(*mine))
    if receipt_id is not None:
        part = orjson.dumps(answer, default=_plain).decode()
        done["sealed_part"] = uow.context.keyring.encrypt(part, purpose=part_of(receipt_id))
        await _note(uow, request, service, **done)


async def _note(uow: UnitOfWork, request: PrivacyRequest, service: str, **values: Any) -> None:
    # Who answered stays answered, whoever else asks at the same time.
    await uow.session.execute(
        update(PrivacyReceipt)
        .where(*_receipt_of(request, service), PrivacyReceipt.status == ReceiptStatus.PENDING)
        .values(values)
    )


def _receipt_of(request: PrivacyRequest, service: str) -> tuple[ColumnElement[bool], ...]:
    return (
        PrivacyReceipt.tenant_id == request.tenant_id,
        PrivacyReceipt.request_id == request.id,
        PrivacyReceipt.service == service,
    )


async def _put_off(context: "ServiceContext", request: PrivacyRequest, service: str, error: str) -> None:
    async with context.unit_of_work(platform=True) as uow:
        await _note(uow, request, service, attempts=PrivacyReceipt.attempts + 1, last_error=error)


async def _pause(context: "ServiceContext", request: PrivacyRequest, attempts: int) -> None:
    async with context.unit_of_work(platform=True) as uow:
        pause = min(_FIRST_PAUSE * 2 ** min(attempts, 10), _LONGEST_PAUSE)
        await uow.session.execute(
            update(PrivacyRequest)
            .where(PrivacyRequest.tenant_id == request.tenant_id, PrivacyRequest.id == request.id)
            .values(next_try_at=uow.now + pause)
        )


async def _complete(context: "ServiceContext", request: PrivacyRequest, person: Person) -> None:
    """End the request; one that erased forgets whom it was about."""
    is_erasure = request.kind == RequestKind.ERASURE
    async with context.unit_of_work(system_actor(_OWN, request.tenant_id)) as uow:
        ended = await uow.session.execute(
            update(PrivacyRequest)
            .where(
                PrivacyRequest.tenant_id == request.tenant_id,
                PrivacyRequest.id == request.id,
                PrivacyRequest.status == RequestStatus.PENDING,
            )
            .values(
                status=RequestStatus.COMPLETED,
                completed_at=uow.now,
                expires_at=None if is_erasure else uow.now + KEPT,
                email=person.pseudonym if is_erasure else request.email,
            )
            .returning(PrivacyRequest.id)
        )
        if ended.first() is not None:
            uow.audit("completed", f"privacy {request.kind}", request.id)


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes):
        return "***"
    return str(value)
