"""The flow of a privacy request: each service is asked until it has answered, this one last.

What a service has done is known to it by the request and the step, so asking again does it once; what it answered is
kept in its receipt, with where its next step begins. So the flow may end anywhere and begins again where it was.
"""

import logging
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Select, select, update

from libs.common.actor import OPERATOR_TENANT_ID, system_actor
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import AppError
from libs.common.privacy.collecting import collect_person
from libs.common.privacy.erasing import Place, erase_some
from libs.common.privacy.people import Person, enter
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
from services.identity.privacy_requests.repository import PrivacyReceiptRepository, PrivacyRequestRepository
from services.identity.privacy_requests.service import ErasureService, part_of
from services.identity.sessions.service import SessionService
from services.identity.users.models import User

if TYPE_CHECKING:
    from libs.common.runtime.context import ServiceContext

log = logging.getLogger("pillars.identity.privacy")
_OWN = "identity"
_BATCH = 20
# Steps of one service in one run: what takes more goes on in the next run, after other requests.
_STEPS = 50
_FORGOTTEN = 200
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=15), timedelta(hours=1)
# Those that the pause is as long as after, where this service itself failed.
_SOME_ATTEMPTS = 4
_ASKED_SECONDS = 60.0
# How long an export can be fetched.
KEPT = timedelta(days=7)
_COUNTS = ("erased", "pseudonymised", "kept")


class _Way(Enum):
    """How far a service got in a run."""

    DONE = "done"
    MORE = "more"
    FAILED = "failed"


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
            failure = error.slug if isinstance(error, AppError) else type(error).__name__
            told = {"privacy_request_id": str(request.id), "failure": failure}
            log.error("a privacy request failed", extra=told)
            await _put_off(context, request, _OWN, failure)
            await _pause(context, request, _SOME_ATTEMPTS)


async def forget_privacy_exports(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Remove what exports collected once they have expired, some at a time."""
    await PrivacyRequestRepository(uow).expire(uow.now, _FORGOTTEN)


async def _go_on(context: "ServiceContext", request: PrivacyRequest) -> None:
    person = Person(
        request.id,
        request.user_id,
        request.email,
        None if request.user_id is not None else request.tenant_id,
    )
    is_erasure = request.kind == RequestKind.ERASURE
    async with context.unit_of_work(platform=True) as uow:
        waiting = await PrivacyReceiptRepository(uow).waiting(request)
        own = waiting.get(_OWN)
        if is_erasure and person.user_id is not None and own is not None and not own.step:
            # Other owners may have left since it was asked for.
            await ErasureService(uow).check(person.user_id)
        uow.session.expunge_all()
    others = [receipt for name, receipt in waiting.items() if name != _OWN]
    ways = {receipt.service: await _ask(context, request, person, receipt) for receipt in others}
    if _Way.FAILED in ways.values():
        failed = (waiting[name].attempts for name, way in ways.items() if way is _Way.FAILED)
        await _pause(context, request, max(failed))
    elif _Way.MORE not in ways.values() and await _do_own(context, request, person):
        await _complete(context, request, person)


async def _ask(
    context: "ServiceContext", request: PrivacyRequest, person: Person, receipt: PrivacyReceipt
) -> _Way:
    """Have one other service do its part, or as many steps of it as a run may take."""
    body: dict[str, Any] = {
        "request_id": str(person.request_id),
        "user_id": None if person.user_id is None else str(person.user_id),
        "email": person.email,
        "tenant_id": None if person.tenant_id is None else str(person.tenant_id),
    }
    is_erasure = request.kind == RequestKind.ERASURE
    step, place = receipt.step, receipt.place
    for _ in range(_STEPS):
        try:
            answer = await context.upstreams.call(
                receipt.service,
                "POST",
                f"/internal/privacy/{request.kind}s",
                actor=system_actor(_OWN, person.tenant_id or OPERATOR_TENANT_ID),
                json={**body, "place": place} if is_erasure else body,
                headers={"Idempotency-Key": f"{request.id}:{step}"},
                safe=True,
                timeout=_ASKED_SECONDS,
            )
        except AppError as error:
            slug = error.upstream_slug if isinstance(error, UpstreamProblem) else error.slug
            await _put_off(context, request, receipt.service, slug)
            return _Way.FAILED
        async with context.unit_of_work(platform=True) as uow:
            known = await PrivacyReceiptRepository(uow).locked(receipt, step)
            if known is None:
                # Another run has it, or the person was erased meanwhile.
                return _Way.MORE
            if not is_erasure:
                _note_part(uow, known, answer)
            elif _note_step(uow, known, answer):
                step, place = known.step, known.place
                continue
            return _Way.DONE
    return _Way.MORE


async def _do_own(context: "ServiceContext", request: PrivacyRequest, person: Person) -> bool:
    """The part of this service, each step with its receipt in one commit; whether it is done."""
    for _ in range(_STEPS):
        actor = system_actor(_OWN, person.tenant_id or OPERATOR_TENANT_ID)
        async with context.unit_of_work(actor, platform=True) as uow:
            rows = PrivacyReceiptRepository(uow)
            waiting = await rows.waiting(request)
            if _OWN not in waiting:
                return True
            own = await rows.locked(waiting[_OWN], waiting[_OWN].step)
            if own is None:
                return False
            if request.kind == RequestKind.EXPORT:
                await enter(uow, person)
                answer: Any = await collect_person(
                    uow, person, context.service.metadata, context.service.privacy
                )
                await uow.enter_platform()
                _note_part(uow, own, answer)
            elif not await _erase_own(uow, person, own):
                continue
            return True
    return False


async def _erase_own(uow: UnitOfWork, person: Person, own: PrivacyReceipt) -> bool:
    """One step of this service; whether it was the last."""
    service = uow.context.service
    if not own.step:
        await PrivacyRequestRepository(uow).forget(person)
        await _close_account(uow, person)
    place = None if own.place is None else Place.model_validate(own.place)
    await enter(uow, person)
    receipt = await erase_some(uow, person, service.metadata, service.privacy, place)
    await uow.enter_platform()
    answer = {name: getattr(receipt, name) for name in (*_COUNTS, "reasons")}
    if _note_step(uow, own, {**answer, "next": receipt.next and receipt.next.model_dump()}):
        return False
    uow.audit("erased", "person", person.request_id, after={name: getattr(own, name) for name in _COUNTS})
    await _tell_businesses(uow, person)
    return True


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
    for member in await MemberRepository(uow).everywhere(person.user_id):
        uow.emit(member_fact(MemberChanged, member), tenant_id=member.tenant_id)


def _note_step(uow: UnitOfWork, receipt: PrivacyReceipt, answer: dict[str, Any]) -> bool:
    """Add what a step has done to the receipt; whether there is another step."""
    for name in _COUNTS:
        setattr(receipt, name, getattr(receipt, name) + answer[name])
    reasons = {(kept["table"], kept["column"]): kept for kept in receipt.reasons}
    for kept in answer["reasons"]:
        key = kept["table"], kept["column"]
        counted = reasons[key]["count"] if key in reasons else 0
        reasons[key] = {**kept, "count": counted + kept["count"]}
    receipt.reasons = list(reasons.values())
    receipt.step += 1
    receipt.place = answer["next"]
    if receipt.place is None:
        _note_done(uow, receipt)
    return receipt.place is not None


def _note_part(uow: UnitOfWork, receipt: PrivacyReceipt, answer: Any) -> None:
    """Keep what a service knows, sealed."""
    part = orjson.dumps(answer, default=_plain).decode()
    receipt.sealed_part = uow.context.keyring.encrypt(part, purpose=part_of(receipt.id))
    _note_done(uow, receipt)


def _note_done(uow: UnitOfWork, receipt: PrivacyReceipt) -> None:
    receipt.status, receipt.done_at, receipt.last_error = ReceiptStatus.DONE, uow.now, None


async def _put_off(context: "ServiceContext", request: PrivacyRequest, service: str, error: str) -> None:
    async with context.unit_of_work(platform=True) as uow:
        # Who answered stays answered, whoever else asks at the same time.
        await uow.session.execute(
            update(PrivacyReceipt)
            .where(
                PrivacyReceipt.tenant_id == request.tenant_id,
                PrivacyReceipt.request_id == request.id,
                PrivacyReceipt.service == service,
                PrivacyReceipt.status == ReceiptStatus.PENDING,
            )
            .values(attempts=PrivacyReceipt.attempts + 1, last_error=error)
        )


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
