"""The HTTP side of personal tokens."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from libs.common.errors import NotFound, Unauthenticated
from libs.common.http.deps import CurrentActor, provide_platform, public, signed_in
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.identity.api_keys.errors import TooManyKeys
from services.identity.api_keys.schemas import (
    TokenCreated,
    TokenIn,
    TokenOut,
    TokenQuery,
    TokenRevoke,
)
from services.identity.api_keys.service import PersonalTokenService
from services.identity.attempts.errors import TooManyAttempts
from services.identity.auth.caller import CurrentCaller
from services.identity.auth.errors import InvalidCredentials
from services.identity.auth.flows import SignIn
from services.identity.auth.own import own_user_id
from services.identity.mfa.errors import OtpInvalid, OtpRequired
from services.identity.roles.errors import UnknownPermission

router = APIRouter(prefix="/auth/token", tags=["personal tokens"])
Tokens = Annotated[PersonalTokenService, Depends(provide_platform(PersonalTokenService), scope="function")]


@router.post(
    "",
    response_model=TokenCreated,
    dependencies=[public()],
    responses=problems(
        InvalidCredentials, OtpRequired, OtpInvalid, TooManyAttempts, TooManyKeys, UnknownPermission
    ),
)
async def create_token(body: TokenIn, caller: CurrentCaller) -> Any:
    """Trade a name and a password for a personal token, shown this once: it acts as the person, within its scopes."""
    row, secret = await SignIn(caller).personal_token(body)
    return TokenCreated(**TokenOut.model_validate(row).model_dump(), token=secret)


@router.post("/revoke", status_code=204, dependencies=[public()], responses=problems(Unauthenticated))
async def revoke_token(tokens: Tokens, actor: CurrentActor, body: TokenRevoke | None = None) -> None:
    """Revoke a personal token: the one in the body (whether it is known is not said), else that of the request."""
    if body is not None and body.token is not None:
        await tokens.revoke_secret(body.token)
    elif actor.key_id is not None and actor.user_id is not None:
        await tokens.revoke(actor.user_id, actor.key_id)
    else:
        raise Unauthenticated("There is nothing to revoke: send the token in the body, or with the request.")


@router.get("", response_model=Page[TokenOut], dependencies=[signed_in()])
async def list_tokens(query: Annotated[TokenQuery, Query()], tokens: Tokens, actor: CurrentActor) -> Any:
    """List one's own personal tokens, newest first."""
    return await tokens.list(own_user_id(actor), query)


@router.delete("/{token_id}", status_code=204, dependencies=[signed_in()], responses=problems(NotFound))
async def delete_token(token_id: UUID, tokens: Tokens, actor: CurrentActor) -> None:
    """Revoke one of one's own personal tokens."""
    await tokens.revoke(own_user_id(actor), token_id)
