"""Rows of products."""

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import SoftDeleted, TenantRow, list_indexes
from libs.common.db.search import pairs_index, search_index
from libs.common.money import Money
from services.catalog.db import Base


class Product(TenantRow, SoftDeleted, Base):
    """Something a business sells, in one or more variants.

    `price_*`, `search_text` and `filter_values` repeat what its variants say, so that lists can filter and sort by
    them: the lowest price in the currency of the first variant; name and SKUs in one text; attributes and options
    as lists of values by name. `is_sellable` says whether any variant can be bought now; the database and the job
    `renew_availability` keep it (see `AvailabilityChange`), and it is null while nobody has looked.
    """

    __tablename__ = "products"
    __table_args__ = (
        *list_indexes("products", "status", "type", "category_id", "price_currency"),
        search_index("catalog", "products", "search_text"),
        pairs_index("catalog", "products", "filter_values"),
        Index("ix_products_name", "tenant_id", "name", "id"),
        Index("ix_products_updated_at", "tenant_id", "updated_at", "id"),
        Index("ix_products_is_sellable", "tenant_id", "is_sellable", "created_at", "id"),
        Index(
            "ix_products_availability_unknown",
            "tenant_id",
            "id",
            postgresql_where=text("is_sellable IS NULL"),
        ),
        Index("ix_products_price", "tenant_id", "price_amount", "id"),
        Index(
            "uq_products_slug", "tenant_id", "slug", unique=True, postgresql_where=text("deleted_at IS NULL")
        ),
        ForeignKeyConstraint(
            ["tenant_id", "category_id"],
            ["catalog.categories.tenant_id", "catalog.categories.id"],
            name="fk_products_category",
        ),
    )

    name: Mapped[str]
    slug: Mapped[str]
    description: Mapped[str | None]
    type: Mapped[str]
    status: Mapped[str]
    category_id: Mapped[UUID | None]
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    seo_title: Mapped[str | None]
    seo_description: Mapped[str | None]
    tax_class: Mapped[str | None]
    media: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    price_amount: Mapped[int | None]
    price_currency: Mapped[str | None]
    search_text: Mapped[str] = mapped_column(default="", server_default="")
    filter_values: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'::jsonb"))

    is_sellable: Mapped[bool | None] = mapped_column(server_default=text("false"), deferred=True)

    @property
    def price(self) -> Money | None:
        """The lowest price among its variants."""
        found: Money | None = Money.of(self.price_amount, self.price_currency)
        return found
