"""The HTTP side of signing keys."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from libs.common.http.deps import provide_platform, public
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


@router.get("/.well-known/jwks.json", response_model=KeySet, dependencies=[public()])
async def get_jwks(keys: SigningKeys, response: Response) -> Any:
    """Read the public keys that verify access tokens; after a rotation the old one stays until its tokens end."""
    response.headers["Cache-Control"] = f"public, max-age={PUBLISHED_SECONDS}"
    return await keys.published()
