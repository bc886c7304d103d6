"""The internal operations by which identity asks each service for what it knows of a person, and to erase it."""

from typing import Any, Self
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field, model_validator

from libs.common.http.deps import PlatformUow, Uow, internal
from libs.common.http.idempotency import Idempotent
from libs.common.privacy.collecting import collect_some, written
from libs.common.privacy.erasing import Receipt, erase_some, note_erased
from libs.common.privacy.people import Person, enter
from libs.common.privacy.places import Place
from libs.common.schema import OutSchema, Schema

router = APIRouter(prefix="/internal/privacy", include_in_schema=False)
INTERNAL = internal()


class PersonIn(Schema):
    """Whom a request is about: see `Person`."""

    request_id: UUID
    user_id: UUID | None = None
    email: str | None = Field(None, max_length=320)
    tenant_id: UUID | None = None
    is_business: bool = False

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if self.is_business and (
            self.tenant_id is None or self.user_id is not None or self.email is not None
        ):
            raise ValueError("a business is named by tenant_id alone")
        return self

    def person(self) -> Person:
        """The same as a value."""
        return Person(self.request_id, self.user_id, self.email, self.tenant_id, self.is_business)


class StepIn(PersonIn):
    """Whom to erase or hand out, and where to go on: `next` of the answer to the step before."""

    place: Place | None = None


class ReceiptOut(OutSchema):
    """What a service did in one step, and where the next one begins, if there is one."""

    erased: int
    pseudonymised: int
    kept: int
    reasons: list[dict[str, Any]]
    next: Place | None


@router.post("/erasures", response_model=ReceiptOut, dependencies=[INTERNAL])
async def erase_personal_data(body: StepIn, uow: Uow, idempotency: Idempotent) -> Any:
    """Erase some of what this service knows of a person; a repeat of the step gets the receipt of the first time."""

    async def run() -> Receipt:
        service, person = uow.context.service, body.person()
        await enter(uow, person)
        receipt = await erase_some(uow, person, service.metadata, service.privacy, body.place)
        counts = {name: getattr(receipt, name) for name in ("erased", "pseudonymised", "kept")}
        if any(counts.values()) or receipt.next is None:
            await note_erased(uow, person, counts)
        return receipt

    return await idempotency.run(run, ReceiptOut, status=200)


@router.post("/parts", dependencies=[INTERNAL])
async def collect_personal_data(body: StepIn, uow: PlatformUow) -> Response:
    """Tell some of what this service knows of a person."""
    service, person = uow.context.service, body.person()
    await enter(uow, person)
    part = await collect_some(uow, person, service.metadata, service.privacy, body.place)
    return Response(written(part), media_type="application/json")
