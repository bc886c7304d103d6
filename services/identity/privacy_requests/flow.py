"""How a request goes over the services: each is asked until it has answered, this one last.

What a service has done is known to it by the request and the step, so asking again does it once; what it answered is
kept in its receipt, with where its next step begins. So the flow may end anywhere and begins again where it was.
"""

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import update

from libs.common.actor import OPERATOR_TENANT_ID, system_actor
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import AppError
from libs.common.ids import new_id
from libs.common.privacy.collecting import collect_some, written
from libs.common.privacy.erasing import Receipt, erase_some, note_erased
from libs.common.privacy.people import Person, enter
from libs.common.privacy.places import Place
from libs.common.runtime.upstreams import UpstreamProblem
from libs.contracts.identity import MemberChanged
from services.identity.api_keys.service import PersonalTokenService
from services.identity.members.repository import MemberRepository
from services.identity.members.service import member_fact
from services.identity.privacy_requests.models import (
    PrivacyPart,
    PrivacyReceipt,
    PrivacyRequest,
    ReceiptStatus,
    RequestKind,
)
from services.identity.privacy_requests.repository import PrivacyReceiptRepository, PrivacyRequestRepository
from services.identity.privacy_requests.service import part_of
from services.identity.sessions.service import SessionService
from services.identity.users.models import User

if TYPE_CHECKING:
    from libs.common.runtime.context import ServiceContext

OWN = "identity"
# Steps of one service in one run: what takes more goes on in the next run, after other requests.
_STEPS = 50
_ASKED_SECONDS = 60.0
_COUNTS = ("erased", "pseudonymised", "kept")


class _Way(Enum):
    """How far a service got in a run."""

    DONE = "done"
    MORE = "more"
    FAILED = "failed"


class Flow:
    """One request on its way; each step is a transaction of its own."""

    def __init__(self, context: "ServiceContext", request: PrivacyRequest, person: Person) -> None:
        self.context = context
        self.request = request
        self.person = person
        self._is_export = request.kind == RequestKind.EXPORT
        self._note: Callable[[UnitOfWork, PrivacyReceipt, Any], bool] = (
            _note_part if self._is_export else _note_erased
        )
        self._actor = system_actor(OWN, person.tenant_id or OPERATOR_TENANT_ID)

    async def go_on(self, waiting: dict[str, PrivacyReceipt]) -> tuple[bool, int]:
        """Go as far as a run may: whether all is done, and how often the service failed that failed most often."""
        others = [receipt for name, receipt in waiting.items() if name != OWN]
        ways = {receipt.service: await self._ask(receipt) for receipt in others}
        failed = [waiting[name].attempts + 1 for name, way in ways.items() if way is _Way.FAILED]
        is_free = all(way is _Way.DONE for way in ways.values())
        return is_free and await self._do_own(), max(failed, default=0)

    async def put_off(self, service: str, error: str) -> None:
        """Note why a service has not answered."""
        async with self.context.unit_of_work(platform=True) as uow:
            # Who answered stays answered, whoever else asks at the same time.
            await uow.session.execute(
                update(PrivacyReceipt)
                .where(
                    PrivacyReceipt.tenant_id == self.request.tenant_id,
                    PrivacyReceipt.request_id == self.request.id,
                    PrivacyReceipt.service == service,
                    PrivacyReceipt.status == ReceiptStatus.PENDING,
                )
                .values(attempts=PrivacyReceipt.attempts + 1, last_error=error)
            )

    async def _ask(self, receipt: PrivacyReceipt) -> _Way:
        """Have one other service do its part, or as many steps of it as a run may take."""
        step, place = receipt.step, receipt.place
        for _ in range(_STEPS):
            try:
                answer = await self.context.upstreams.call(
                    receipt.service,
                    "POST",
                    f"/internal/privacy/{'parts' if self._is_export else 'erasures'}",
                    actor=self._actor,
                    json={**self._asked, "place": place},
                    headers={"Idempotency-Key": f"{self.request.id}:{step}"},
                    safe=True,
                    timeout=_ASKED_SECONDS,
                )
            except AppError as error:
                slug = error.upstream_slug if isinstance(error, UpstreamProblem) else error.slug
                await self.put_off(receipt.service, slug)
                return _Way.FAILED
            async with self.context.unit_of_work(platform=True) as uow:
                known = await PrivacyReceiptRepository(uow).locked(receipt, step)
                if known is None:
                    # Another run has it, or the person was erased meanwhile.
                    return _Way.MORE
                if not self._note(uow, known, answer):
                    return _Way.DONE
                step, place = known.step, known.place
        return _Way.MORE

    @property
    def _asked(self) -> dict[str, Any]:
        person = self.person
        asked: dict[str, Any] = {
            "request_id": str(person.request_id),
            "user_id": None if person.user_id is None else str(person.user_id),
            "email": person.email,
            "tenant_id": None if person.tenant_id is None else str(person.tenant_id),
        }
        # The release before knows no businesses, and refuses them so.
        return {**asked, "is_business": True} if person.is_business else asked

    async def _do_own(self) -> bool:
        """The part of this service, each step with its receipt in one commit; whether it is done."""
        for _ in range(_STEPS):
            async with self.context.unit_of_work(self._actor, platform=True) as uow:
                rows = PrivacyReceiptRepository(uow)
                waiting = await rows.waiting(self.request)
                if OWN not in waiting:
                    return True
                own = await rows.locked(waiting[OWN], waiting[OWN].step)
                if own is None:
                    return False
                if not await (self._collect_own if self._is_export else self._erase_own)(uow, own):
                    return True
        return False

    async def _collect_own(self, uow: UnitOfWork, own: PrivacyReceipt) -> bool:
        service = self.context.service
        await enter(uow, self.person)
        part = await collect_some(uow, self.person, service.metadata, service.privacy, _place_of(own))
        await uow.enter_platform()
        return _note_part(uow, own, orjson.loads(written(part)))

    async def _erase_own(self, uow: UnitOfWork, own: PrivacyReceipt) -> bool:
        """One step of this service; whether there is another."""
        service, person = self.context.service, self.person
        if not own.step and not person.is_business:
            await PrivacyRequestRepository(uow).forget(person)
            await _close_account(uow, person)
        await enter(uow, person)
        receipt = await erase_some(uow, person, service.metadata, service.privacy, _place_of(own))
        await uow.enter_platform()
        if _note_erased(uow, own, _answer_of(receipt)):
            return True
        await note_erased(uow, person, {name: getattr(own, name) for name in _COUNTS})
        await _tell_businesses(uow, person)
        return False


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


def _place_of(receipt: PrivacyReceipt) -> Place | None:
    return None if receipt.place is None else Place.model_validate(receipt.place)


def _answer_of(receipt: Receipt) -> dict[str, Any]:
    place = None if receipt.next is None else receipt.next.model_dump()
    return {**{name: getattr(receipt, name) for name in (*_COUNTS, "reasons")}, "next": place}


def _note_erased(uow: UnitOfWork, receipt: PrivacyReceipt, answer: dict[str, Any]) -> bool:
    """Add what a step has done to the receipt; whether there is another step."""
    for name in _COUNTS:
        setattr(receipt, name, getattr(receipt, name) + answer[name])
    reasons = {(kept["table"], kept["column"]): kept for kept in receipt.reasons}
    for kept in answer["reasons"]:
        key = kept["table"], kept["column"]
        counted = reasons[key]["count"] if key in reasons else 0
        reasons[key] = {**kept, "count": counted + kept["count"]}
    receipt.reasons = list(reasons.values())
    return _note_step(uow, receipt, answer["next"])


def _note_part(uow: UnitOfWork, receipt: PrivacyReceipt, answer: dict[str, Any]) -> bool:
    """Keep what a step has found, sealed; whether there is another step."""
    if answer["rows"]:
        part = PrivacyPart(tenant_id=receipt.tenant_id, id=new_id(), receipt_id=receipt.id, step=receipt.step)
        said = orjson.dumps(answer["tables"]).decode()
        part.sealed = uow.context.keyring.encrypt(said, purpose=part_of(part.id))
        uow.session.add(part)
        receipt.rows += answer["rows"]
    return _note_step(uow, receipt, answer["next"])


def _note_step(uow: UnitOfWork, receipt: PrivacyReceipt, place: dict[str, Any] | None) -> bool:
    receipt.step += 1
    receipt.place = place
    if place is None:
        receipt.status, receipt.done_at, receipt.last_error = ReceiptStatus.DONE, uow.now, None
    return place is not None
