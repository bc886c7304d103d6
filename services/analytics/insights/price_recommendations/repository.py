"""All SQL of price recommendations."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from libs.common.db.repository import Repository
from services.analytics.insights.price_recommendations.models import PriceRecommendation

_KEPT = {"id", "created_at"}


class PriceRecommendationRepository(Repository[PriceRecommendation]):
    """Price recommendations of a business."""

    model = PriceRecommendation

    async def replace(self, rows: Iterable[dict[str, Any]], at: datetime) -> None:
        """Write what a run came to, and remove what it no longer speaks of."""
        table = PriceRecommendation
        for row in rows:
            made = insert(table).values(row)
            changes: dict[str, Any] = {name: made.excluded[name] for name in row if name not in _KEPT}
            changes["version"] = table.version + 1
            await self.session.execute(
                made.on_conflict_do_update(index_elements=["tenant_id", "variant_id"], set_=changes)
            )
        await self.session.execute(
            delete(table).where(table.tenant_id == self.uow.tenant_id, table.computed_at < at)
        )
