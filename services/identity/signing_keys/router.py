"""The HTTP side of signing keys."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from libs.common.errors import NotFound, ReauthenticationRequired
from libs.common.http.deps import allow, provide_platform, public
from libs.common.http.problems import problems
from libs.common.schema import OutSchema, Schema
from services.identity.auth.recent import recently_authenticated
from services.identity.signing_keys.service import PUBLISHED_SECONDS, SigningKeyService

router = APIRouter(tags=["signing keys"])
SigningKeys = Annotated[SigningKeyService, Depends(provide_platform(SigningKeyService), scope="function")]


class PublicKey(BaseModel):
    """One public key (RFC 7517)."""

    kty: str
    use: str
    alg: str
    kid: str
    n: str
    e: str


class KeySet(BaseModel):
    """The public keys that verify access tokens."""

    keys: list[PublicKey]


class SigningKeyOut(OutSchema):
    """A key whose signatures are taken."""

    id: UUID = Field(description="The `kid` of tokens and of the public key")
    created_at: datetime
    retired_at: datetime | None = Field(description="When a newer one was made to follow it")


class SigningKeyList(Schema):
    """The keys whose signatures are taken, newest first."""

    items: list[SigningKeyOut]
    next_cursor: None = None


@router.get("/.well-known/jwks.json", response_model=KeySet, dependencies=[public()])
async def get_jwks(keys: SigningKeys, response: Response) -> Any:
    """Read the public keys that verify access tokens; after a rotation the old one stays until its tokens end."""
    response.headers["Cache-Control"] = f"public, max-age={PUBLISHED_SECONDS}"
    return await keys.published()


@router.get(
    "/signing-keys", response_model=SigningKeyList, dependencies=[allow("identity.signing_keys.read")]
)
async def list_signing_keys(keys: SigningKeys) -> Any:
    """List the keys whose signatures on access tokens are taken, newest first."""
    return {"items": await keys.standing()}


@router.post(
    "/signing-keys/{key_id}/withdraw",
    status_code=204,
    dependencies=[allow("identity.signing_keys.write"), recently_authenticated()],
    responses=problems(NotFound, ReauthenticationRequired),
)
async def withdraw_signing_key(key_id: UUID, keys: SigningKeys) -> None:
    """Withdraw a key that has leaked: access tokens that it signed are refused everywhere at once, and a new key signs.

    Nobody is signed out: clients get new access tokens with the refresh tokens that they have.
    """
    await keys.withdraw(key_id)
