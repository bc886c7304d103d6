"""Bodies and queries of users."""

from datetime import datetime
from uuid import UUID

from pydantic import EmailStr, Field

from libs.common.phones import Phone
from libs.common.schema import OutSchema, PatchSchema, Schema
from services.identity.auth.schemas import FirstName, LastName, Locale, Password
from services.identity.members.schemas import RoleCodes


class UserCreate(Schema):
    """A new account that is a member from the start."""

    email: EmailStr
    password: Password
    first_name: FirstName
    last_name: LastName
    phone: Phone | None = None
    locale: Locale = "en"
    roles: RoleCodes
    department_id: UUID | None = None


class UserUpdate(PatchSchema):
    """The fields to change. All but roles and department only where the account is managed here."""

    first_name: FirstName = ""
    last_name: LastName = ""
    phone: Phone | None = None
    locale: Locale = "en"
    is_active: bool = True
    roles: RoleCodes = Field(default_factory=list)
    department_id: UUID | None = None


class UserReplace(Schema):
    """All fields that can be changed; the address may be repeated. A password is never changed so."""

    email: EmailStr | None = None
    first_name: FirstName
    last_name: LastName
    phone: Phone | None = None
    locale: Locale = "en"
    is_active: bool = True
    roles: RoleCodes
    department_id: UUID | None = None


class UserOut(OutSchema):
    """An account of somebody who belongs to the business."""

    id: UUID = Field(validation_alias="user_id")
    email: str
    first_name: str
    last_name: str
    phone: str | None
    locale: str
    is_active: bool
    roles: list[str]
    department_id: UUID | None
    last_sign_in_at: datetime | None
    version: int
    created_at: datetime = Field(description="When the person became a member")
    updated_at: datetime
