"""Rows of tax rates."""

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import TenantRow, list_indexes
from libs.common.db.search import search_index
from services.orders.db import Base


class TaxRate(TenantRow, Base):
    """The tax on one class of things sent to one country."""

    __tablename__ = "tax_rates"
    __table_args__ = (
        CheckConstraint("rate_ppm BETWEEN 0 AND 1000000", name="rate_ppm"),
        *list_indexes(
            "tax_rates", "tax_class", "country", order=("updated_at",), unique=(("country", "tax_class"),)
        ),
        search_index("orders", "tax_rates", "name"),
    )

    name: Mapped[str]
    country: Mapped[str]
    tax_class: Mapped[str]
    rate_ppm: Mapped[int]
    inclusive: Mapped[bool] = mapped_column(default=False)
