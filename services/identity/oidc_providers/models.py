"""Rows of providers of outside accounts."""

from enum import StrEnum

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import SoftDeleted, TenantRow, list_indexes
from libs.common.db.search import search_index
from services.identity.db import Base

WELL_KNOWN = "/.well-known/openid-configuration"


class ProviderKind(StrEnum):
    """Whose manners a provider has."""

    GOOGLE = "google"
    MICROSOFT = "microsoft"
    OTHER = "other"


class OidcProvider(TenantRow, SoftDeleted, Base):
    """A provider of a business. The secret is sealed under the key ring and bound to the row's id."""

    __tablename__ = "oidc_providers"
    __table_args__ = (
        *list_indexes("oidc_providers", "kind", "is_active", order=("name",)),
        search_index("identity", "oidc_providers", "name", "code"),
        Index(
            "uq_oidc_providers_code",
            "tenant_id",
            "code",
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )

    code: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    discovery_url: Mapped[str]
    client_id: Mapped[str]
    sealed_secret: Mapped[str | None]
    scopes: Mapped[list[str]]
    # Of Microsoft: the ids of the directories whose people may sign in; empty is any that the address lets in.
    directories: Mapped[list[str]]
    is_active: Mapped[bool] = mapped_column(default=True)

    @property
    def issuer(self) -> str:
        """The issuer that the address stands for (OpenID Connect Discovery 1.0, section 4.3)."""
        return self.discovery_url.removesuffix(WELL_KNOWN)

    @property
    def has_secret(self) -> bool:
        """Whether there is a secret."""
        return self.sealed_secret is not None
