"""Bodies of what is done with one-time links."""

from typing import Annotated

from pydantic import AliasChoices, ConfigDict, EmailStr, Field

from libs.common.schema import OutSchema, Schema
from services.identity.auth.schemas import Password

LinkToken = Annotated[
    str, Field(min_length=1, max_length=200, description="What stands after `token=` in the mail")
]
_SENT = "If there is an account with this address, a mail is on its way."


class LinkRequest(Schema):
    """The address of an account."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"email": "naledi@example.com"}]})

    email: EmailStr


class LinkRequested(OutSchema):
    """The same answer whether or not there is such an account."""

    detail: str = _SENT


class PasswordReset(Schema):
    """The token of the mail, and the password as it is to be."""

    model_config = ConfigDict(populate_by_name=True)

    token: LinkToken
    new_password: Annotated[Password, Field(validation_alias=AliasChoices("new_password", "password"))]


class EmailVerify(Schema):
    """The token of the mail."""

    token: LinkToken


class MagicLinkRequest(LinkRequest):
    """The address of an account to sign in to."""


class MagicLinkRedeem(Schema):
    """The token of the mail, and the code of the second factor where one is due."""

    token: LinkToken
    otp: str | None = Field(None, max_length=32)
    remember: bool = Field(True, description="False on a shared device")


class Verified(OutSchema):
    """The address that is known to be the person's now."""

    email: str
    email_verified: bool = True
