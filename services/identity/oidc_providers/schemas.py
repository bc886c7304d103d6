"""Bodies and queries of providers of outside accounts."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AliasChoices, ConfigDict, Field, SecretStr

from libs.common.filters import ListQuery
from libs.common.schema import OutSchema, PatchSchema, Schema
from services.identity.oidc_providers.models import ProviderKind

Code = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$",
        max_length=40,
        description="Names it in the path of the sign-in",
        examples=["google"],
    ),
]
Name = Annotated[
    str, Field(min_length=1, max_length=100, description="What a button says", examples=["Google"])
]
ClientId = Annotated[
    str, Field(min_length=1, max_length=300, examples=["712345678901-abc.apps.googleusercontent.com"])
]
Secret = Annotated[SecretStr, Field(min_length=1, max_length=1000, examples=["GOCSPX-…"])]
DiscoveryUrl = Annotated[
    str,
    Field(
        max_length=500,
        description="Of the kind `other`: the provider's issuer, or its `/.well-known/openid-configuration`",
        examples=["https://login.karoo.example"],
    ),
]
# Providers tell people their issuer, which leads to the document.
_OR_ISSUER = AliasChoices("discovery_url", "issuer")
Scope = Annotated[str, Field(pattern=r"^[\x21\x23-\x5b\x5d-\x7e]+$", max_length=100)]
Scopes = Annotated[list[Scope], Field(min_length=1, max_length=20, examples=[["openid", "email", "profile"]])]
Directory = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$",
        description="Of the kind `microsoft`: `common`, `organizations`, `consumers`, or the id or domain of one directory",
    ),
]
Directories = Annotated[
    list[UUID],
    Field(max_length=100, description="Of the kind `microsoft`: whose people may sign in; empty: anybody's"),
]


class OidcProviderCreate(Schema):
    """A new provider; also the whole of it in a PUT, which without a secret keeps the one there is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "google",
                    "name": "Google",
                    "kind": "google",
                    "client_id": "712345678901-abc.apps.googleusercontent.com",
                    "client_secret": "GOCSPX-1234567890",
                }
            ]
        }
    )

    code: Code
    name: Name
    kind: ProviderKind = ProviderKind.OTHER
    discovery_url: DiscoveryUrl | None = Field(None, validation_alias=_OR_ISSUER)
    client_id: ClientId
    client_secret: Secret | None = Field(None, description="Kept encrypted and never shown again")
    scopes: Scopes = Field(default_factory=lambda: ["openid", "email", "profile"])
    directory: Directory = "common"
    directories: Directories = Field(default_factory=list)
    is_active: bool = Field(True, description="Whether one can sign in with it")


class OidcProviderUpdate(PatchSchema):
    """The fields to change; kind and code stay."""

    name: Name = ""
    discovery_url: DiscoveryUrl = Field("", validation_alias=_OR_ISSUER)
    client_id: ClientId = ""
    client_secret: Secret | None = Field(None, description="null takes it away, for a client without one")
    scopes: Scopes = Field(default_factory=list)
    directory: Directory = "common"
    directories: Directories = Field(default_factory=list)
    is_active: bool = True


class OidcProviderOut(OutSchema):
    """A provider, without its secret."""

    id: UUID
    code: str
    name: str
    kind: ProviderKind
    discovery_url: str
    issuer: str
    client_id: str
    has_secret: bool
    scopes: list[str]
    directories: list[UUID]
    is_active: bool
    version: int
    created_at: datetime
    updated_at: datetime


class OidcProviderQuery(ListQuery):
    """How to list providers."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "name")
    searchable: ClassVar[tuple[str, ...]] = ("name", "code")

    kind: list[ProviderKind] | None = None
    is_active: bool | None = None
