"""Bodies and queries of invitations."""

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import EmailStr, Field

from libs.common.filters import ListQuery
from libs.common.phones import Phone
from libs.common.schema import OutSchema, Schema
from services.identity.auth.schemas import AccountOut, FirstName, LastName, Locale, Password, ShopOut
from services.identity.invitations.models import InvitationStatus
from services.identity.members.schemas import RoleCodes

Token = Annotated[str, Field(min_length=1, max_length=200, description="The one of the mail")]


class InvitationCreate(Schema):
    """Whom to invite, into which roles."""

    email: EmailStr = Field(examples=["naledi@example.com"])
    roles: RoleCodes
    department_id: UUID | None = None
    locale: Locale = Field("en", description="The language of the mail")


class InvitationOut(OutSchema):
    """An invitation, without its token."""

    id: UUID
    email: str
    roles: list[str]
    department_id: UUID | None
    locale: str
    status: InvitationStatus
    sent_at: datetime
    expires_at: datetime
    invited_by_id: UUID | None
    invited_by_name: str | None
    accepted_at: datetime | None
    accepted_by_id: UUID | None
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Any, now: datetime) -> "InvitationOut":
        """A row as it is now, whether or not the job has been by that notes what has expired."""
        shown = cls.model_validate(row)
        if shown.status is InvitationStatus.PENDING and shown.expires_at <= now:
            return shown.model_copy(update={"status": InvitationStatus.EXPIRED})
        return shown


class InvitationQuery(ListQuery):
    """How to list invitations."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    searchable: ClassVar[tuple[str, ...]] = ("email",)

    status: list[InvitationStatus] | None = None
    email: list[str] | None = None


class InvitationToken(Schema):
    """A token."""

    token: Token


class InvitationAccept(Schema):
    """A token, and for who has no account yet what makes one."""

    token: Token
    password: Password | None = None
    first_name: FirstName | None = None
    last_name: LastName = ""
    phone: Phone | None = None
    locale: Locale | None = None


class InvitationShown(OutSchema):
    """What an invitation is to."""

    company: ShopOut
    email: str
    roles: list[str]
    invited_by_name: str | None
    expires_at: datetime
    has_account: bool = Field(description="Whether to sign in, or to choose a password, to accept it")


class InvitationAccepted(OutSchema):
    """Who belongs to which business now."""

    user: AccountOut
    company: ShopOut
    roles: list[str]


class RevealIn(Schema):
    """To whom the mail goes that is being sent."""

    email: str


class RevealOut(OutSchema):
    """The address that the mail is to lead to."""

    url: str
