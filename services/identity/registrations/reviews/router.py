"""The HTTP side of reviewing: who has an application, what is asked for, what each reviewer says, and whose right it is."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from libs.common.errors import (
    InvalidTransition,
    NotFound,
    PermissionDenied,
    PreconditionFailed,
    ValidationFailed,
)
from libs.common.http.deps import allow, provide_platform, signed_in
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.identity.deps import provide_in_operator
from services.identity.registrations.requirements.errors import AnswerRefused, NotAskedFor, RequirementsNotMet
from services.identity.registrations.reviews.delegations import DelegationService
from services.identity.registrations.reviews.errors import AlreadyApproved, OwnRegistration
from services.identity.registrations.reviews.resubmission import Resubmission
from services.identity.registrations.reviews.schemas import DelegationCreate, DelegationOut, DelegationQuery
from services.identity.registrations.reviews.service import ReviewService
from services.identity.registrations.reviews.status_links import StatusLinkService
from services.identity.registrations.schemas import (
    ApproveIn,
    AssignIn,
    ReasonIn,
    RegistrationDetail,
    RequestChangesIn,
    ResubmitIn,
)
from services.identity.registrations.status.links import link_of
from services.identity.registrations.status.schemas import StatusLinkOut

router = APIRouter(tags=["registrations"])
Reviews = Annotated[ReviewService, Depends(provide_platform(ReviewService), scope="function")]
Resubmissions = Annotated[Resubmission, Depends(provide_platform(Resubmission), scope="function")]
StatusLinks = Annotated[StatusLinkService, Depends(provide_platform(StatusLinkService), scope="function")]
Delegations = Annotated[DelegationService, Depends(provide_in_operator(DelegationService), scope="function")]
READ = allow("identity.registrations.read")
DECIDE = allow("identity.registrations.decide")
# Who reviews holds identity.registrations.decide, or reviews with the right of somebody who does: asked in the service.
REVIEWER = signed_in()
STEP = problems(NotFound, PermissionDenied, OwnRegistration, InvalidTransition)
ONE = "/registrations/{registration_id}"


@router.get("/registrations/delegations", response_model=Page[DelegationOut], dependencies=[READ])
async def list_review_delegations(
    query: Annotated[DelegationQuery, Query()], delegations: Delegations
) -> Any:
    """List who may review with whose right, newest first."""
    return await delegations.list(query)


@router.post(
    "/registrations/delegations",
    response_model=DelegationOut,
    status_code=201,
    dependencies=[DECIDE],
    responses=problems(PermissionDenied, ValidationFailed),
)
async def create_review_delegation(body: DelegationCreate, delegations: Delegations) -> Any:
    """Let another of the staff review with your right for a time; it is written in the audit log."""
    return await delegations.give(body)


@router.delete(
    "/registrations/delegations/{delegation_id}",
    status_code=204,
    dependencies=[DECIDE],
    responses=problems(NotFound, PermissionDenied, PreconditionFailed),
)
async def delete_review_delegation(delegation_id: UUID, delegations: Delegations) -> None:
    """Take a right back before its time."""
    await delegations.end(delegation_id)


@router.post(
    f"{ONE}/approve",
    response_model=RegistrationDetail,
    dependencies=[REVIEWER],
    responses=problems(
        NotFound,
        PermissionDenied,
        OwnRegistration,
        InvalidTransition,
        AlreadyApproved,
        RequirementsNotMet,
        ValidationFailed,
    ),
)
async def approve_registration(registration_id: UUID, reviews: Reviews, body: ApproveIn | None = None) -> Any:
    """Approve; with as many approvals as the rules ask for the business trades.

    Needs `identity.registrations.decide`, or the right of somebody who holds it.
    """
    return await reviews.seen.detail(await reviews.approve(registration_id, body or ApproveIn()))


@router.post(f"{ONE}/reject", response_model=RegistrationDetail, dependencies=[REVIEWER], responses=STEP)
async def reject_registration(registration_id: UUID, body: ReasonIn, reviews: Reviews) -> Any:
    """Turn the business down. Needs `identity.registrations.decide`, or the right of somebody who holds it."""
    return await reviews.seen.detail(await reviews.reject(registration_id, body.reason))


@router.post(
    f"{ONE}/request-changes", response_model=RegistrationDetail, dependencies=[REVIEWER], responses=STEP
)
async def request_changes(registration_id: UUID, body: RequestChangesIn, reviews: Reviews) -> Any:
    """Ask the applicant to change or supply something first, naming requirements and fields.

    Needs `identity.registrations.decide`, or the right of somebody who holds it.
    """
    return await reviews.seen.detail(await reviews.request_changes(registration_id, body))


@router.post(
    f"{ONE}/resubmit",
    response_model=RegistrationDetail,
    dependencies=[signed_in()],
    responses=problems(
        NotFound, PermissionDenied, InvalidTransition, RequirementsNotMet, NotAskedFor, AnswerRefused
    ),
)
async def resubmit_registration(
    registration_id: UUID, applications: Resubmissions, body: ResubmitIn | None = None
) -> Any:
    """Hand the application in again, as its owner, after changes were requested."""
    return await applications.seen.detail(await applications.resubmit(registration_id, body or ResubmitIn()))


@router.post(f"{ONE}/assign", response_model=RegistrationDetail, dependencies=[REVIEWER], responses=STEP)
async def assign_registration(registration_id: UUID, reviews: Reviews, body: AssignIn | None = None) -> Any:
    """Take an application, or give it to somebody of the staff who may decide."""
    assignee_id = body.assignee_id if body else None
    return await reviews.seen.detail(await reviews.assign(registration_id, assignee_id))


@router.post(f"{ONE}/unassign", response_model=RegistrationDetail, dependencies=[REVIEWER], responses=STEP)
async def unassign_registration(registration_id: UUID, reviews: Reviews) -> Any:
    """Give an application back to all."""
    return await reviews.seen.detail(await reviews.unassign(registration_id))


@router.post(f"{ONE}/checks", response_model=RegistrationDetail, dependencies=[REVIEWER], responses=STEP)
async def run_registration_checks(registration_id: UUID, reviews: Reviews) -> Any:
    """Run the checks that the application needs again; the results before are kept."""
    return await reviews.seen.detail(await reviews.run_checks(registration_id))


@router.post(
    f"{ONE}/status-link",
    response_model=StatusLinkOut,
    dependencies=[signed_in()],
    responses=problems(NotFound, PermissionDenied),
)
async def renew_status_link(registration_id: UUID, links: StatusLinks) -> Any:
    """Replace the link by which the applicant follows the application, and mail it: its owner, or staff."""
    registration = await links.renew(registration_id)
    return {
        "status_link": link_of(links.uow.context, registration),
        "expires_at": registration.link_expires_at,
    }


@router.delete(
    f"{ONE}/status-link",
    status_code=204,
    dependencies=[signed_in()],
    responses=problems(NotFound, PermissionDenied),
)
async def revoke_status_link(registration_id: UUID, links: StatusLinks) -> None:
    """Take the link back: it opens nothing any more."""
    await links.revoke(registration_id)
