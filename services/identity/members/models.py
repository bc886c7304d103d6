"""Rows of members and of the roles they hold."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from libs.common.db.base import TenantRow, list_indexes
from libs.common.db.search import search_index
from services.identity.db import Base
from services.identity.users.models import User


class MemberRole(Base):
    """One role of one member, by the role's code."""

    __tablename__ = "member_roles"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["identity.members.tenant_id", "identity.members.id"],
            ondelete="CASCADE",
        ),
        Index("ix_member_roles_role", "tenant_id", "role", "member_id"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)


class Member(TenantRow, Base):
    """That a person belongs to a business."""

    __tablename__ = "members"
    __table_args__ = (
        *list_indexes("members", "department_id", unique=(("user_id",),)),
        Index("ix_members_user_id", "user_id"),
        Index("ix_members_person_is_active", "tenant_id", "person_is_active", "created_at", "id"),
        Index("ix_members_uncopied", "tenant_id", "id", postgresql_where=text("person_email IS NULL")),
        search_index("identity", "members", "person_name", "person_email"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id))
    department_id: Mapped[UUID | None]
    # What lists look at of the account: triggers keep it, a job copies it for those of before the triggers.
    person_email: Mapped[str | None]
    person_name: Mapped[str | None]
    person_is_active: Mapped[bool | None]

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)
    granted: Mapped[list[MemberRole]] = relationship(
        lazy="selectin", cascade="all, delete-orphan", passive_deletes=True
    )

    @property
    def roles(self) -> list[str]:
        """The codes of the roles held."""
        return sorted(grant.role for grant in self.granted)

    @property
    def email(self) -> str:
        """The person's address."""
        return self.user.email

    @property
    def first_name(self) -> str:
        """The person's first name."""
        return self.user.first_name

    @property
    def last_name(self) -> str:
        """The person's last name."""
        return self.user.last_name

    @property
    def phone(self) -> str | None:
        """The person's telephone number."""
        return self.user.phone

    @property
    def locale(self) -> str:
        """The person's language."""
        return self.user.locale

    @property
    def is_active(self) -> bool:
        """Whether the account may sign in."""
        return self.user.is_active

    @property
    def last_sign_in_at(self) -> datetime | None:
        """When the person signed in last."""
        return self.user.last_sign_in_at
