"""Bodies of signing in and of one's own account."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    ConfigDict,
    EmailStr,
    Field,
    SecretStr,
    model_validator,
)

from libs.common.phones import Phone
from libs.common.schema import ONE_LINE, OutSchema, PatchSchema, Schema
from services.identity.passwords.policy import MAX_LENGTH


def _unstripped(value: object) -> object:
    # Bodies trim their strings; spaces belong to a password.
    return SecretStr(value) if isinstance(value, str) else value


def _sized(value: SecretStr) -> SecretStr:
    if not 1 <= len(value.get_secret_value()) <= MAX_LENGTH:
        raise ValueError(f"must have 1 to {MAX_LENGTH} characters")
    return value


Password = Annotated[
    SecretStr,
    BeforeValidator(_unstripped),
    AfterValidator(_sized),
    Field(description="At least 8 characters, and none of the best-known ones"),
]
FirstName = Annotated[str, Field(min_length=1, max_length=100, pattern=ONE_LINE)]
LastName = Annotated[str, Field(max_length=100, pattern=ONE_LINE)]
Locale = Annotated[str, Field(pattern="^[a-z]{2}(-[A-Z]{2})?$", description="BCP 47", examples=["en", "ru"])]


class LoginIn(Schema):
    """A name (the e-mail address, under either field) and a password."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "naledi@example.com", "password": "Sunrise-over-9-hills"}]}
    )

    email: str | None = Field(None, min_length=1, max_length=320)
    username: str | None = Field(None, min_length=1, max_length=320)
    password: Password
    otp: str | None = Field(
        None, max_length=32, description="The code of a second factor, for accounts that have one"
    )

    remember: bool = Field(
        True, description="False on a shared device: the session ends when it was idle for half an hour or so"
    )

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if (self.email is None) == (self.username is None):
            raise ValueError("send either email or username")
        return self

    @property
    def name_of_person(self) -> str:
        """The name, whichever field it came in."""
        return self.email or self.username or ""


class RefreshIn(Schema):
    """A refresh token."""

    refresh: str = Field(min_length=1, max_length=200)


class LogoutIn(Schema):
    """The refresh token of the session to end, where the access token has expired."""

    refresh: str | None = Field(None, min_length=1, max_length=200)


class AccountOut(OutSchema):
    """One's own account."""

    id: UUID
    email: str
    first_name: str
    last_name: str
    phone: str | None
    locale: str
    home_company_id: UUID | None = Field(None, validation_alias="home_tenant_id")


class TokensOut(OutSchema):
    """An access token for requests, and a refresh token for the next pair. Each refresh token works once."""

    access: str
    refresh: str
    token_type: str = "Bearer"
    expires_in: int = Field(description="Seconds until the access token expires")
    user: AccountOut


class ReauthenticateIn(Schema):
    """What shows once more who one is: the password, a code of the second factor, or both."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"password": "Sunrise-over-9-hills"}]})

    password: Password | None = None
    otp: str | None = Field(None, min_length=6, max_length=32)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.password is None and self.otp is None:
            raise ValueError("send password or otp")
        return self


class Reauthenticated(Schema):
    """When the person showed who he is, and for how long risky things are open now."""

    authenticated_at: datetime
    valid_seconds: int


class ActAsIn(Schema):
    """Whom to act as, and why."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"user_id": "01890a5d-ac96-774b-bcce-b302099a8057", "reason": "Ticket 4711: cannot check out"}
            ]
        }
    )

    user_id: UUID
    reason: str = Field(min_length=3, max_length=500)


class ActingOut(Schema):
    """An access token with which to act as another. It cannot be refreshed; the other sees the session."""

    access: str = Field(description="Its claim `act` names who really acts, for a banner")
    token_type: str = "Bearer"
    expires_in: int = Field(description="Seconds until it ends")
    session_id: UUID
    user: AccountOut
    acting_user_id: UUID


class SignupIn(Schema):
    """A client who joins a shop; `company_id` may be left out on the shop's own host name."""

    company_id: UUID | None = None
    email: EmailStr
    password: Password
    first_name: FirstName
    last_name: LastName
    phone: Phone | None = None
    locale: Locale = "en"


class ShopOut(OutSchema):
    """The shop joined."""

    id: UUID
    name: str
    status: str


class SignupOut(OutSchema):
    """The client's account and the shop."""

    user: AccountOut
    company: ShopOut


class MembershipOut(OutSchema):
    """A business one belongs to."""

    id: UUID
    name: str
    slug: str
    status: str
    currency: str
    roles: list[str]


class MeOut(AccountOut):
    """One's own account, and what one may do in the business acted in."""

    email_verified: bool = Field(description="Whether it was shown that the address is one's own")
    email_verified_at: datetime | None
    company_id: UUID | None = Field(description="The business acted in")
    company_status: str | None
    roles: list[str]
    permissions: list[str]
    features: list[str]
    is_superuser: bool
    acting_user_id: UUID | None = Field(
        None, description="Who really acts, where somebody of the operator's staff acts as this person"
    )
    companies: list[MembershipOut]


class MeUpdate(PatchSchema):
    """What to change of one's own account."""

    first_name: FirstName = ""
    last_name: LastName = ""
    phone: Phone | None = None
    locale: Locale = "en"


class PasswordChange(Schema):
    """The password as it is, and as it is to be."""

    model_config = ConfigDict(populate_by_name=True)

    current_password: Annotated[
        Password, Field(validation_alias=AliasChoices("current_password", "old_password"))
    ]
    new_password: Password
