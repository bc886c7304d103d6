"""Bodies and queries of passkeys. Options and credentials are in the JSON form of WebAuthn level 3, section 5.1."""

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from libs.common.filters import ListQuery
from libs.common.schema import OutSchema, PatchSchema, Schema

# Base64url without padding. Devices make ids of 1023 bytes at most; statements of makers can be longer.
Binary = Annotated[
    str, Field(min_length=1, max_length=20_000, pattern=r"^[A-Za-z0-9_-]+$", examples=["cGFzc2tleQ"])
]
CredentialId = Annotated[
    str, Field(min_length=1, max_length=1_400, pattern=r"^[A-Za-z0-9_-]+$", examples=["cGFzc2tleQ"])
]
Name = Annotated[str, Field(min_length=1, max_length=100, examples=["Naledi's phone"])]


class Credential(BaseModel):
    """What `PublicKeyCredential.toJSON()` gives; browsers add members as they learn new ones, and those are left out."""

    model_config = ConfigDict(extra="ignore", strict=True)

    id: CredentialId
    rawId: CredentialId
    type: str = Field("public-key", max_length=40, examples=["public-key"])


class Attestation(BaseModel):
    """What a device says of a key it has made."""

    model_config = ConfigDict(extra="ignore", strict=True)

    clientDataJSON: Binary
    attestationObject: Binary
    transports: list[Annotated[str, Field(max_length=40)]] = Field(default_factory=list, max_length=10)


class NewCredential(Credential):
    """The answer of `navigator.credentials.create()`."""

    response: Attestation


class Assertion(BaseModel):
    """What a device signs with a key."""

    model_config = ConfigDict(extra="ignore", strict=True)

    clientDataJSON: Binary
    authenticatorData: Binary
    signature: Binary
    userHandle: Annotated[str, Field(max_length=400, pattern=r"^[A-Za-z0-9_-]*$")] | None = None


class ShownCredential(Credential):
    """The answer of `navigator.credentials.get()`."""

    response: Assertion


def _wrapped(body: Any) -> Any:
    """A body whose `credential` may stand for all of it, as browsers give it: what is left is told beside it."""
    if not isinstance(body, dict) or "response" not in body or "credential" in body:
        return body
    told = {name: body[name] for name in ("name", "remember") if name in body}
    return {**told, "credential": {name: value for name, value in body.items() if name not in told}}


class RegistrationIn(Schema):
    """A device's answer to the options, and a name for the passkey.

    The answer may also be the body itself, as `PublicKeyCredential.toJSON()` gives it.
    """

    _unwrap = model_validator(mode="before")(_wrapped)

    name: Name | None = Field(None, description="To tell one's passkeys apart; by default where it was made")
    credential: NewCredential


class LoginOptionsIn(Schema):
    """Who signs in, where that is known; without a name the device shows whom it has keys of."""

    email: str | None = Field(None, min_length=1, max_length=320, examples=["naledi@example.com"])


class LoginIn(Schema):
    """A device's answer to the options, which may also be the body itself."""

    _unwrap = model_validator(mode="before")(_wrapped)

    credential: ShownCredential
    remember: bool = Field(
        True, description="False on a shared device: the session ends when it was idle for half an hour or so"
    )


class RegistrationOptions(BaseModel):
    """For `PublicKeyCredential.parseCreationOptionsFromJSON()`."""

    rp: dict[str, Any] = Field(examples=[{"id": "example.com", "name": "Pillars"}])
    user: dict[str, Any] = Field(
        examples=[{"id": "bmFsZWRp", "name": "naledi@example.com", "displayName": "Naledi Mokoena"}]
    )
    challenge: Binary
    pubKeyCredParams: list[dict[str, Any]] = Field(examples=[[{"type": "public-key", "alg": -7}]])
    timeout: int = Field(description="Milliseconds", examples=[300000])
    excludeCredentials: list[dict[str, Any]] = Field(description="Passkeys that the person has here")
    authenticatorSelection: dict[str, Any] = Field(
        examples=[{"residentKey": "required", "requireResidentKey": True, "userVerification": "required"}]
    )
    attestation: str = Field(examples=["none"])
    hints: list[str] = Field(default_factory=list)


class LoginOptions(BaseModel):
    """For `PublicKeyCredential.parseRequestOptionsFromJSON()`. It reads the same whether a name is known or not."""

    challenge: Binary
    timeout: int = Field(description="Milliseconds", examples=[300000])
    rpId: str = Field(examples=["example.com"])
    allowCredentials: list[dict[str, Any]] = Field(
        description="Empty: passkeys are kept on the device, which knows for which site it has one"
    )
    userVerification: str = Field(examples=["required"])


class PasskeyOut(OutSchema):
    """A passkey of one's own."""

    id: UUID
    name: str
    rp_id: str = Field(description="The host name it works at", examples=["example.com"])
    device_type: str = Field(
        description="`single_device`, or `multi_device` for one that its maker copies to other devices"
    )
    is_backed_up: bool
    transports: list[str]
    aaguid: str = Field(description="The model of the device, where it says so")
    last_used_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class PasskeyUpdate(PatchSchema):
    """What to change of a passkey."""

    name: Name = ""


class PasskeyQuery(ListQuery):
    """How to list passkeys."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    searchable: ClassVar[tuple[str, ...]] = ("name",)
