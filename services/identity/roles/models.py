"""Rows of roles."""

from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import TenantRow, list_indexes
from libs.common.db.search import search_index
from services.identity.db import Base


class Role(TenantRow, Base):
    """A named set of permissions.

    System roles are rows of the operator tenant that everyone may read and nobody may edit; `scope` says where they
    may be given: `platform` in the operator tenant, `tenant` in any business, `guest` to nobody.
    """

    __tablename__ = "roles"
    __table_args__ = (
        *list_indexes("roles", "is_system", unique=(("code",),)),
        search_index("identity", "roles", "code", "name"),
    )

    code: Mapped[str]
    name: Mapped[str]
    description: Mapped[str | None]
    permissions: Mapped[list[str]]
    is_system: Mapped[bool] = mapped_column(default=False)
    scope: Mapped[str] = mapped_column(default="tenant", server_default="tenant")
