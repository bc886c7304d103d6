"""The HTTP side of one-time links: forgotten passwords, proven addresses, sign-in by mail."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends

from libs.common.http.deps import CurrentActor, internal, provide_platform, public, signed_in
from libs.common.http.problems import problems
from libs.common.schema import OutSchema, Schema
from services.identity.attempts.errors import TooManyAttempts
from services.identity.auth.caller import CurrentCaller
from services.identity.auth.errors import ActingAsAnother, InvalidCredentials
from services.identity.auth.schemas import TokensOut
from services.identity.mfa.errors import OtpInvalid, OtpRequired
from services.identity.one_time_links.errors import LinkInvalid
from services.identity.one_time_links.flows import LinkFlows
from services.identity.one_time_links.models import LinkPurpose
from services.identity.one_time_links.schemas import (
    EmailVerify,
    LinkRequest,
    LinkRequested,
    MagicLinkRedeem,
    MagicLinkRequest,
    PasswordReset,
    Verified,
)
from services.identity.one_time_links.service import OneTimeLinkService
from services.identity.passwords.policy import WeakPassword

router = APIRouter(prefix="/auth", tags=["auth"])
for_services = APIRouter(prefix="/internal", include_in_schema=False)
Links = Annotated[OneTimeLinkService, Depends(provide_platform(OneTimeLinkService), scope="function")]


async def get_flows(caller: CurrentCaller) -> LinkFlows:
    """The flows of the request's caller."""
    return LinkFlows(caller)


Flows = Annotated[LinkFlows, Depends(get_flows)]


@router.post(
    "/password/forgot",
    response_model=LinkRequested,
    status_code=202,
    dependencies=[public()],
    responses=problems(TooManyAttempts),
)
async def forget_password(body: LinkRequest, flows: Flows) -> Any:
    """Ask for a mail with a link to set a new password. The answer does not tell whether there is such an account."""
    await flows.ask(body.email, LinkPurpose.PASSWORD_RESET)
    return LinkRequested()


@router.post(
    "/password/reset",
    status_code=204,
    dependencies=[public()],
    responses=problems(LinkInvalid, WeakPassword, InvalidCredentials, TooManyAttempts),
)
async def reset_password(body: PasswordReset, flows: Flows) -> None:
    """Set a new password with the token of the mail. It works once; all sessions and personal tokens end.

    Where nobody had proven the address before, passkeys, linked accounts and second factors go too: somebody else may
    have put them there.
    """
    await flows.reset_password(body)


@router.post(
    "/email/verify",
    response_model=Verified,
    dependencies=[public()],
    responses=problems(LinkInvalid, InvalidCredentials, TooManyAttempts),
)
async def verify_email(body: EmailVerify, flows: Flows) -> Any:
    """Prove with the token of the mail that the address of an account is one's own."""
    return await flows.verify_email(body.token)


@router.post(
    "/email/verify/resend",
    response_model=LinkRequested,
    status_code=202,
    dependencies=[signed_in()],
    responses=problems(TooManyAttempts, ActingAsAnother),
)
async def resend_verification(flows: Flows, actor: CurrentActor) -> Any:
    """Ask once more for the mail that proves one's own address; an address that is proven gets none."""
    await flows.ask_again(actor)
    return LinkRequested(detail="A mail is on its way, unless the address is verified already.")


@router.post(
    "/magic-link",
    response_model=LinkRequested,
    status_code=202,
    dependencies=[public()],
    responses=problems(TooManyAttempts),
)
async def request_magic_link(body: MagicLinkRequest, flows: Flows) -> Any:
    """Ask for a mail with a link to sign in by. The answer does not tell whether there is such an account."""
    await flows.ask(body.email, LinkPurpose.MAGIC_LINK)
    return LinkRequested()


@router.post(
    "/magic-link/redeem",
    response_model=TokensOut,
    dependencies=[public()],
    responses=problems(LinkInvalid, OtpRequired, OtpInvalid, InvalidCredentials, TooManyAttempts),
)
async def redeem_magic_link(body: MagicLinkRedeem, flows: Flows) -> Any:
    """Sign in with the token of the mail. It works once, and stays good while a second factor is due.

    Where nobody had proven the address before, and no second factor is shown, all that was set up before goes, the
    password included: somebody else may have made the account.
    """
    return await flows.redeem(body)


class RevealIn(Schema):
    """To whom the mail goes that is being sent."""

    email: str


class RevealOut(OutSchema):
    """The address behind a link."""

    url: str


@for_services.post("/one-time-links/{link_id}/reveal", response_model=RevealOut, dependencies=[internal()])
async def reveal_link(link_id: UUID, body: RevealIn, links: Links) -> Any:
    """Name the address behind a link at the moment its mail is sent."""
    return {"url": await links.reveal(link_id, body.email)}
