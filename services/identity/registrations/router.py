"""The HTTP side of registrations."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from libs.common.errors import InvalidTransition, NotFound
from libs.common.http.deps import allow, provide_platform, public, signed_in
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.identity.auth.caller import CurrentCaller
from services.identity.auth.errors import EmailTaken
from services.identity.passwords.policy import WeakPassword
from services.identity.registrations.flows import register
from services.identity.registrations.schemas import (
    ApproveIn,
    ReasonIn,
    RegisterIn,
    RegisterOut,
    RegistrationOut,
    RegistrationQuery,
    ResubmitIn,
)
from services.identity.registrations.service import RegistrationService

router = APIRouter(tags=["registrations"])
Registrations = Annotated[
    RegistrationService, Depends(provide_platform(RegistrationService), scope="function")
]
READ = allow("identity.registrations.read")
DECIDE = allow("identity.registrations.decide")
STEP = problems(NotFound, InvalidTransition)


@router.post(
    "/auth/register",
    response_model=RegisterOut,
    status_code=201,
    dependencies=[public()],
    responses=problems(EmailTaken, WeakPassword),
)
async def register_business(body: RegisterIn, caller: CurrentCaller) -> Any:
    """Apply to join the platform: make an account and a business, which waits for approval."""
    return await register(caller, body)


@router.get("/registrations", response_model=Page[RegistrationOut], dependencies=[READ])
async def list_registrations(
    query: Annotated[RegistrationQuery, Query()], registrations: Registrations
) -> Any:
    """List applications, newest first."""
    return await registrations.list(query)


@router.get(
    "/registrations/{registration_id}",
    response_model=RegistrationOut,
    dependencies=[signed_in()],
    responses=problems(NotFound),
)
async def get_registration(registration_id: UUID, registrations: Registrations) -> Any:
    """Read one application: staff any, the applicant its own."""
    return await registrations.get(registration_id)


@router.post(
    "/registrations/{registration_id}/approve",
    response_model=RegistrationOut,
    dependencies=[DECIDE],
    responses=STEP,
)
async def approve_registration(
    registration_id: UUID, registrations: Registrations, body: ApproveIn | None = None
) -> Any:
    """Let the business trade."""
    return await registrations.approve(registration_id, body.reason if body else None)


@router.post(
    "/registrations/{registration_id}/reject",
    response_model=RegistrationOut,
    dependencies=[DECIDE],
    responses=STEP,
)
async def reject_registration(registration_id: UUID, body: ReasonIn, registrations: Registrations) -> Any:
    """Turn the business down."""
    return await registrations.reject(registration_id, body.reason)


@router.post(
    "/registrations/{registration_id}/request-changes",
    response_model=RegistrationOut,
    dependencies=[DECIDE],
    responses=STEP,
)
async def request_changes(registration_id: UUID, body: ReasonIn, registrations: Registrations) -> Any:
    """Ask the applicant to change something first."""
    return await registrations.request_changes(registration_id, body.reason)


@router.post(
    "/registrations/{registration_id}/resubmit",
    response_model=RegistrationOut,
    dependencies=[signed_in()],
    responses=STEP,
)
async def resubmit_registration(
    registration_id: UUID, registrations: Registrations, body: ResubmitIn | None = None
) -> Any:
    """Hand the application in again, as its owner, after changes were requested."""
    return await registrations.resubmit(registration_id, body or ResubmitIn())
