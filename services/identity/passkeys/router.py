"""The HTTP side of passkeys."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from libs.common.errors import NotFound, PreconditionFailed, ReauthenticationRequired
from libs.common.http.deps import CurrentActor, provide_platform, public, signed_in
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.identity.auth.caller import CurrentCaller
from services.identity.auth.errors import ActingAsAnother
from services.identity.auth.recent import recently_authenticated
from services.identity.auth.schemas import TokensOut
from services.identity.oidc.errors import LastWayIn
from services.identity.passkeys.errors import (
    ChallengeExpired,
    PasskeyKnown,
    PasskeyNotRegistered,
    PasskeyRefused,
    TooManyPasskeys,
)
from services.identity.passkeys.flows import Passkeys
from services.identity.passkeys.relying_party import host_of
from services.identity.passkeys.schemas import (
    LoginIn,
    LoginOptions,
    LoginOptionsIn,
    PasskeyOut,
    PasskeyQuery,
    PasskeyUpdate,
    RegistrationIn,
    RegistrationOptions,
)
from services.identity.passkeys.service import PasskeyService

router = APIRouter(prefix="/auth/passkeys", tags=["passkeys"])


async def get_passkeys(caller: CurrentCaller, request: Request) -> Passkeys:
    """The ceremonies of the request's caller. The gateway says by which host he came."""
    host = request.headers.get("x-forwarded-host") or request.headers.get("host")
    return Passkeys(caller, host_of(host))


Ceremonies = Annotated[Passkeys, Depends(get_passkeys)]
Own = Annotated[PasskeyService, Depends(provide_platform(PasskeyService), scope="function")]


@router.post(
    "/register/options",
    response_model=RegistrationOptions,
    dependencies=[signed_in(), recently_authenticated()],
    responses=problems(ReauthenticationRequired, TooManyPasskeys, ActingAsAnother),
)
async def get_registration_options(ceremonies: Ceremonies, actor: CurrentActor) -> Any:
    """Begin to register a passkey: the options for `navigator.credentials.create()`, good for five minutes."""
    return await ceremonies.registration_options(actor)


@router.post(
    "/register/verify",
    response_model=PasskeyOut,
    status_code=201,
    dependencies=[signed_in()],
    responses=problems(
        ChallengeExpired, PasskeyNotRegistered, PasskeyKnown, TooManyPasskeys, ActingAsAnother
    ),
)
async def register_passkey(body: RegistrationIn, ceremonies: Ceremonies, actor: CurrentActor) -> Any:
    """Register the passkey that the device has made. It must have verified the person, by finger, face or PIN."""
    return await ceremonies.register(actor, body)


@router.post("/login/options", response_model=LoginOptions, dependencies=[public()])
async def get_login_options(ceremonies: Ceremonies, body: LoginOptionsIn | None = None) -> Any:
    """Begin to sign in with a passkey: the options for `navigator.credentials.get()`, good for five minutes.

    With `email` only a passkey of that person is taken. The answer reads the same whether there is such a person or not.
    """
    return await ceremonies.login_options(body.email if body is not None else None)


@router.post(
    "/login/verify",
    response_model=TokensOut,
    dependencies=[public()],
    responses=problems(ChallengeExpired, PasskeyRefused),
)
async def login_with_passkey(body: LoginIn, ceremonies: Ceremonies) -> Any:
    """Sign in with a passkey. It counts as both factors, for the device is one and what unlocked it the other."""
    return await ceremonies.login(body)


@router.get(
    "",
    response_model=Page[PasskeyOut],
    dependencies=[signed_in()],
    responses=problems(ActingAsAnother),
)
async def list_passkeys(query: Annotated[PasskeyQuery, Query()], passkeys: Own) -> Any:
    """List one's own passkeys, newest first."""
    return await passkeys.list(query)


@router.get(
    "/{passkey_id}",
    response_model=PasskeyOut,
    dependencies=[signed_in()],
    responses=problems(NotFound, ActingAsAnother),
)
async def get_passkey(passkey_id: UUID, passkeys: Own) -> Any:
    """Read one of one's own passkeys."""
    return await passkeys.get(passkey_id)


@router.patch(
    "/{passkey_id}",
    response_model=PasskeyOut,
    dependencies=[signed_in()],
    responses=problems(NotFound, PreconditionFailed, ActingAsAnother),
)
async def rename_passkey(passkey_id: UUID, body: PasskeyUpdate, passkeys: Own) -> Any:
    """Give one of one's own passkeys another name."""
    return await passkeys.rename(passkey_id, body)


@router.delete(
    "/{passkey_id}",
    status_code=204,
    dependencies=[signed_in(), recently_authenticated()],
    responses=problems(ReauthenticationRequired, NotFound, PreconditionFailed, LastWayIn, ActingAsAnother),
)
async def delete_passkey(passkey_id: UUID, passkeys: Own) -> None:
    """Remove one of one's own passkeys: it signs in no more. The device keeps its half, which is good for nothing then."""
    await passkeys.remove(passkey_id)
