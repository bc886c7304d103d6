"""The internal operations by which identity asks each service for what it knows of a person, and to erase it."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from libs.common.http.deps import PlatformUow, Uow, internal
from libs.common.http.idempotency import Idempotent
from libs.common.privacy.people import Person, collect_person, enter, erase_person
from libs.common.schema import OutSchema, Schema

router = APIRouter(prefix="/internal/privacy", include_in_schema=False)
INTERNAL = internal()


class PersonIn(Schema):
    """Whom a request is about: see `Person`."""

    request_id: UUID
    user_id: UUID | None = None
    email: str | None = Field(None, max_length=320)
    tenant_id: UUID | None = None

    def person(self) -> Person:
        """The same as a value."""
        return Person(self.request_id, self.user_id, self.email, self.tenant_id)


class ReceiptOut(OutSchema):
    """What a service did."""

    erased: int
    pseudonymised: int
    kept: int
    reasons: list[dict[str, Any]]


@router.post("/erasures", response_model=ReceiptOut, dependencies=[INTERNAL])
async def erase_personal_data(body: PersonIn, uow: Uow, idempotency: Idempotent) -> Any:
    """Erase what this service knows of a person; a repeat of the request gets the receipt of the first time."""

    async def run() -> Any:
        service, person = uow.context.service, body.person()
        await enter(uow, person)
        receipt = await erase_person(uow, person, service.metadata, service.privacy)
        counts = {name: getattr(receipt, name) for name in ("erased", "pseudonymised", "kept")}
        uow.audit("erased", "person", person.request_id, after=counts)
        return receipt

    return await idempotency.run(run, ReceiptOut, status=200)


@router.post("/exports", dependencies=[INTERNAL])
async def collect_personal_data(body: PersonIn, uow: PlatformUow) -> dict[str, Any]:
    """Tell what this service knows of a person."""
    service, person = uow.context.service, body.person()
    await enter(uow, person)
    return await collect_person(uow, person, service.metadata, service.privacy)
