"""The HTTP side of signing in and out, and of one's own account."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from libs.common.errors import (
    NotFound,
    PermissionDenied,
    ReauthenticationRequired,
    TenantNotActive,
    Unauthenticated,
)
from libs.common.http.deps import CurrentActor, allow, provide_platform, public, signed_in
from libs.common.http.problems import problems
from services.identity.attempts.errors import TooManyAttempts
from services.identity.auth.account import AccountService
from services.identity.auth.caller import CurrentCaller
from services.identity.auth.errors import (
    ActingAsAnother,
    EmailTaken,
    InvalidCredentials,
    RefreshInvalid,
    RefreshReused,
    WrongPassword,
)
from services.identity.auth.flows import SignIn
from services.identity.auth.reauthentication import reauthenticate
from services.identity.auth.recent import recently_authenticated
from services.identity.auth.schemas import (
    ActAsIn,
    ActingOut,
    LoginIn,
    LogoutIn,
    MeOut,
    MeUpdate,
    PasswordChange,
    Reauthenticated,
    ReauthenticateIn,
    RefreshIn,
    SignupIn,
    SignupOut,
    TokensOut,
)
from services.identity.members.errors import AlreadyMember
from services.identity.mfa.errors import CodeDue, OtpInvalid, OtpRequired, WrongOtp
from services.identity.passwords.policy import WeakPassword

router = APIRouter(prefix="/auth", tags=["auth"])


async def get_sign_in(caller: CurrentCaller) -> SignIn:
    """The flows of the request's caller."""
    return SignIn(caller)


SignInFlows = Annotated[SignIn, Depends(get_sign_in)]
Account = Annotated[AccountService, Depends(provide_platform(AccountService), scope="function")]


@router.post(
    "/login",
    response_model=TokensOut,
    dependencies=[public()],
    responses=problems(InvalidCredentials, OtpRequired, OtpInvalid, TooManyAttempts),
)
async def login(body: LoginIn, flows: SignInFlows) -> Any:
    """Sign in with a name and a password, and where a second factor is set up with its code in `otp`."""
    return await flows.login(body)


@router.post(
    "/refresh",
    response_model=TokensOut,
    dependencies=[public()],
    responses=problems(RefreshInvalid, RefreshReused),
)
async def refresh(body: RefreshIn, flows: SignInFlows) -> Any:
    """Trade a refresh token for a new pair of tokens. Showing one a second time ends its session."""
    return await flows.refresh(body.refresh)


@router.post(
    "/act-as",
    response_model=ActingOut,
    dependencies=[allow("identity.impersonations.write"), recently_authenticated()],
    responses=problems(NotFound, PermissionDenied, ActingAsAnother, ReauthenticationRequired),
)
async def act_as(body: ActAsIn, flows: SignInFlows, actor: CurrentActor) -> Any:
    """Act as another person for a quarter of an hour, for a reason that is written down.

    Nobody acts as a person who may do more than he himself, and nobody has power over that person's account. What is done
    is written down with both names. POST /auth/logout ends it.
    """
    return await flows.act_as(actor, body)


@router.post("/logout", status_code=204, dependencies=[public()], responses=problems(Unauthenticated))
async def logout(flows: SignInFlows, actor: CurrentActor, body: LogoutIn | None = None) -> None:
    """Sign out: end the session of the access token, or of the refresh token in the body."""
    token = body.refresh if body is not None else None
    if actor.session_id is None and token is None:
        raise Unauthenticated("There is nobody to sign out: send an access token or a refresh token.")
    await flows.logout(actor, token)


@router.post(
    "/signup",
    response_model=SignupOut,
    status_code=201,
    dependencies=[public()],
    responses=problems(EmailTaken, AlreadyMember, WeakPassword, TenantNotActive, TooManyAttempts, NotFound),
)
async def signup(body: SignupIn, flows: SignInFlows) -> Any:
    """Become a client of a shop; who has an account already joins with its password."""
    return await flows.signup(body)


@router.post(
    "/reauthenticate",
    response_model=Reauthenticated,
    dependencies=[signed_in()],
    responses=problems(WrongPassword, WrongOtp, CodeDue, TooManyAttempts, ActingAsAnother, Unauthenticated),
)
async def reauthenticate_session(body: ReauthenticateIn, caller: CurrentCaller, actor: CurrentActor) -> Any:
    """Show once more who one is, for what is risky: the password, or where one is set up a code of the second factor."""
    return await reauthenticate(caller, actor, body)


@router.get("/me", response_model=MeOut, dependencies=[signed_in()])
async def get_me(account: Account) -> Any:
    """Read one's own account, and what one may do in the business acted in."""
    return await account.get()


@router.patch("/me", response_model=MeOut, dependencies=[signed_in()], responses=problems(ActingAsAnother))
async def update_me(body: MeUpdate, account: Account) -> Any:
    """Change one's own account."""
    return await account.update(body)


@router.post(
    "/password/change",
    status_code=204,
    dependencies=[signed_in()],
    responses=problems(WrongPassword, WeakPassword, TooManyAttempts, ActingAsAnother),
)
async def change_password(body: PasswordChange, flows: SignInFlows, actor: CurrentActor) -> None:
    """Change one's own password; one's other sessions end."""
    await flows.change_password(actor, body)
