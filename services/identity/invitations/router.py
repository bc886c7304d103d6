"""The HTTP side of invitations."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from libs.common.errors import (
    InvalidTransition,
    NotFound,
    PermissionDenied,
    PlanLimitReached,
    TenantNotActive,
)
from libs.common.http.deps import allow, internal, provide_platform, public
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.identity.auth.caller import CurrentCaller
from services.identity.deps import provide_in_path_tenant
from services.identity.invitations.errors import (
    AlreadyInvited,
    InvitationInvalid,
    InvitationOfAnother,
    SignInToAccept,
)
from services.identity.invitations.flows import Acceptance
from services.identity.invitations.schemas import (
    InvitationAccept,
    InvitationAccepted,
    InvitationCreate,
    InvitationOut,
    InvitationQuery,
    InvitationShown,
    InvitationToken,
    RevealIn,
    RevealOut,
)
from services.identity.invitations.service import InvitationLinks, InvitationService
from services.identity.members.errors import AlreadyMember
from services.identity.passwords.policy import WeakPassword
from services.identity.roles.errors import UnknownRole

router = APIRouter(prefix="/tenants/{tenant_id}/invitations", tags=["invitations"])
acceptance = APIRouter(prefix="/invitations", tags=["invitations"])
for_services = APIRouter(prefix="/internal/invitations", include_in_schema=False)
READ = allow("identity.invitations.read")
WRITE = allow("identity.invitations.write", active=True)
Invitations = Annotated[
    InvitationService, Depends(provide_in_path_tenant(InvitationService), scope="function")
]
Links = Annotated[InvitationLinks, Depends(provide_platform(InvitationLinks), scope="function")]


async def get_acceptance(caller: CurrentCaller) -> Acceptance:
    """The flows of the request's caller."""
    return Acceptance(caller)


Flows = Annotated[Acceptance, Depends(get_acceptance)]


@router.get("", response_model=Page[InvitationOut], dependencies=[READ], responses=problems(NotFound))
async def list_invitations(query: Annotated[InvitationQuery, Query()], invitations: Invitations) -> Any:
    """List whom the business has invited, newest first."""
    return await invitations.list(query)


@router.post(
    "",
    response_model=InvitationOut,
    status_code=201,
    dependencies=[WRITE],
    responses=problems(
        NotFound, AlreadyMember, AlreadyInvited, UnknownRole, PermissionDenied, PlanLimitReached
    ),
)
async def create_invitation(body: InvitationCreate, invitations: Invitations) -> Any:
    """Invite somebody by mail, into roles that the caller may give; the person needs no account yet."""
    return await invitations.invite(body)


@router.get(
    "/{invitation_id}", response_model=InvitationOut, dependencies=[READ], responses=problems(NotFound)
)
async def get_invitation(invitation_id: UUID, invitations: Invitations) -> Any:
    """Read one invitation, without its token."""
    return await invitations.show(invitation_id)


@router.post(
    "/{invitation_id}/resend",
    response_model=InvitationOut,
    dependencies=[WRITE],
    responses=problems(NotFound, InvalidTransition, PermissionDenied, UnknownRole),
)
async def resend_invitation(invitation_id: UUID, invitations: Invitations) -> Any:
    """Send the mail once more; the link of the mail before is good no more."""
    return await invitations.resend(invitation_id)


@router.post(
    "/{invitation_id}/revoke",
    response_model=InvitationOut,
    dependencies=[allow("identity.invitations.write")],
    responses=problems(NotFound, InvalidTransition),
)
async def revoke_invitation(invitation_id: UUID, invitations: Invitations) -> Any:
    """Withdraw an invitation; its link is good no more."""
    return await invitations.revoke(invitation_id)


@router.delete(
    "/{invitation_id}",
    status_code=204,
    dependencies=[allow("identity.invitations.write")],
    responses=problems(NotFound, InvalidTransition),
)
async def delete_invitation(invitation_id: UUID, invitations: Invitations) -> None:
    """Withdraw an invitation; it stays in the list as revoked."""
    await invitations.revoke(invitation_id)


@acceptance.post(
    "/show",
    response_model=InvitationShown,
    dependencies=[public()],
    responses=problems(InvitationInvalid, TenantNotActive),
)
async def show_invitation(body: InvitationToken, flows: Flows) -> Any:
    """See what the token of a mail is good for."""
    return await flows.show(body.token)


@acceptance.post(
    "/accept",
    response_model=InvitationAccepted,
    dependencies=[public()],
    responses=problems(
        InvitationInvalid,
        InvitationOfAnother,
        SignInToAccept,
        AlreadyMember,
        WeakPassword,
        TenantNotActive,
        PlanLimitReached,
    ),
)
async def accept_invitation(body: InvitationAccept, flows: Flows) -> Any:
    """Join a business with the token of the mail. It works once.

    Who has an account with the invited address signs in first; who has none sends a password and a name, and the
    account is made.
    """
    return await flows.accept(body)


@for_services.post("/{invitation_id}/reveal", response_model=RevealOut, dependencies=[internal()])
async def reveal_invitation(invitation_id: UUID, body: RevealIn, links: Links) -> Any:
    """Name the address behind an invitation at the moment its mail is sent."""
    return {"url": await links.reveal(invitation_id, body.email)}
