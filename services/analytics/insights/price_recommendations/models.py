"""Rows of price recommendations."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped

from libs.common.db.base import TenantRow, list_indexes
from libs.common.db.search import search_index
from services.analytics.db import Base


class PriceRecommendation(TenantRow, Base):
    """What past sales say of the price of one variant; amounts in minor units of `currency`.

    `gain` is what the recommended price is expected to bring more per week; null where none is recommended. `evidence`
    and `refused` are as the API shows them.
    """

    __tablename__ = "price_recommendations"
    __table_args__ = (
        CheckConstraint("action IN ('raise', 'lower', 'keep', 'refused')", name="action"),
        *list_indexes(
            "price_recommendations",
            "action",
            "product_id",
            order=("gain", "computed_at"),
            unique=(("variant_id",),),
        ),
        search_index("analytics", "price_recommendations", "sku", "name"),
    )

    product_id: Mapped[UUID]
    variant_id: Mapped[UUID]
    sku: Mapped[str]
    name: Mapped[str]
    currency: Mapped[str]
    action: Mapped[str]
    current_price: Mapped[int]
    recommended_price: Mapped[int | None]
    gain: Mapped[int | None]
    expected: Mapped[dict[str, Any] | None]
    evidence: Mapped[dict[str, Any]]
    refused: Mapped[dict[str, Any] | None]
    computed_at: Mapped[datetime]
