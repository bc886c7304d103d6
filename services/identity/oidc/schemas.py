"""Bodies and queries of signing in with outside accounts."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from libs.common.filters import ListQuery
from libs.common.schema import OutSchema, Schema
from services.identity.auth.schemas import TokensOut
from services.identity.oidc_providers.schemas import Code

ReturnTo = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2_000,
        description="Where the browser goes in the end, with `code` (or `error`) in the query: a path of the public address, "
        "or an address at one of our origins",
        examples=["/signed-in"],
    ),
]
# RFC 7636, sections 4.1 and 4.2.
Challenge = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_-]{43}$", examples=["E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"])
]
Verifier = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9._~-]{43,128}$", examples=["dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"])
]


class StartQuery(BaseModel):
    """How to begin."""

    model_config = ConfigDict(extra="forbid")

    return_to: ReturnTo | None = Field(
        None,
        description="Where the browser goes in the end; without it the tokens are the answer of the callback",
    )
    company_id: UUID | None = Field(
        None,
        description="The shop to sign in at, and to join as a client; on the shop's own host name it is that one",
    )
    code_challenge: Challenge | None = Field(
        None, description="S256 of a verifier that the frontend shows when it trades the code (RFC 7636)"
    )
    remember: bool = Field(True, description="False on a shared device")


class CallbackQuery(BaseModel):
    """What a provider sends back with the browser; members that we do not know are left out."""

    model_config = ConfigDict(extra="ignore")

    state: Annotated[str | None, Field(max_length=200)] = None
    code: Annotated[str | None, Field(max_length=4_096)] = None
    error: Annotated[str | None, Field(max_length=200)] = None
    iss: Annotated[str | None, Field(max_length=500)] = None


class StartOut(BaseModel):
    """Where to send the browser. The cookie that comes with it must be there when the browser comes back."""

    authorization_url: str = Field(examples=["https://accounts.google.com/o/oauth2/v2/auth?client_id=…"])
    expires_in: int = Field(600, description="Seconds to come back within")


class LinkStart(Schema):
    """Which provider's account to link."""

    provider: Code
    return_to: ReturnTo | None = None


class ExchangeIn(Schema):
    """The code that the browser came back with, and the verifier where a challenge was sent at the start."""

    code: str = Field(min_length=20, max_length=200, examples=["3q2-7wAB1mJQy0Xf5p6r8t9u0v1w2x3y4z5A6B7C8D9"])
    code_verifier: Verifier | None = None


class LinkOut(OutSchema):
    """An outside account with which one can sign in."""

    id: UUID
    provider: str = Field(validation_alias="provider_code", examples=["google"])
    issuer: str = Field(examples=["https://accounts.google.com"])
    subject: str = Field(description="What the issuer calls the person", examples=["110248495921238986420"])
    email: str | None = Field(description="What the provider told when it was linked")
    last_used_at: datetime | None
    created_at: datetime


class Linked(BaseModel):
    """What the callback answers where an account was linked."""

    kind: Literal["linked"] = "linked"
    link: LinkOut


class SignedIn(TokensOut):
    """What the callback answers where somebody signed in and no place to return to was named."""

    kind: Literal["signed_in"] = "signed_in"


class LinkQuery(ListQuery):
    """How to list linked accounts."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    searchable: ClassVar[tuple[str, ...]] = ("provider_code", "issuer", "email")


class ProviderOut(BaseModel):
    """A provider to sign in with."""

    code: str = Field(examples=["google"])
    name: str = Field(examples=["Google"])
    kind: str = Field(examples=["google"])
    start_url: str = Field(examples=["/api/v1/auth/oidc/google/start"])


class ProvidersOut(BaseModel):
    """The providers to sign in with here."""

    items: list[ProviderOut]
