"""What tests of forecasts share: one worker process, sales made in the database, and a catalog that stands in."""

import random
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse

from libs.common.actor import ACTOR_HEADER
from libs.common.clock import Clock
from libs.common.db.bulk import bulk_insert, execute_bulk
from libs.common.db.direct import Direct
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from libs.common.testing.events import deliver, envelope
from libs.contracts.catalog import StockChanged
from services.analytics.demand_forecast.jobs import compute_waiting
from services.analytics.demand_forecast.process import Worker
from services.analytics.facts.models import OrderFact, OrderLineFact, StockFact

PATH = "/insight-analytics/demand-forecast"
NOON = timedelta(hours=12)
_ORDERS = Direct(bulk_insert(OrderFact, ("tenant_id", "order_id", "currency", "placed_at", "paid_at")))
_LINES = Direct(
    bulk_insert(
        OrderLineFact,
        (
            "tenant_id",
            "line_id",
            "order_id",
            "product_id",
            "variant_id",
            "sku",
            "name",
            "quantity",
            "total",
            "currency",
        ),
    )
)
_STOCK = Direct(
    bulk_insert(
        StockFact,
        (
            "tenant_id",
            "store_id",
            "variant_id",
            "sku",
            "on_hand",
            "reserved",
            "allocated",
            "available",
            "revision",
        ),
    )
)


@pytest.fixture(scope="session")
async def worker() -> AsyncIterator[Worker]:
    """One worker process for all tests."""
    async with Worker() as found:
        yield found


async def compute(context: ServiceContext, worker: Worker) -> None:
    """Do what the job does, with the worker of the tests."""
    await compute_waiting(context, worker, time.monotonic() + 60)


async def refreshed(client: Client, worker: Worker, grain: str = "day", tz: str = "UTC") -> dict[str, Any]:
    """Have forecasts computed; the run as it stands then."""
    response = await client.post(f"{PATH}/refresh", json={"grain": grain, "tz": tz})
    assert response.status_code == 202
    [run] = response.json()["runs"]
    await compute(client.context, worker)
    found: dict[str, Any] = (await client.get(f"{PATH}/runs/{run['id']}")).json()
    assert found["status"] == "done"
    return found


def today(clock: Clock) -> datetime:
    """The beginning of the day, UTC."""
    return clock.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@dataclass
class Item:
    """A variant that is sold."""

    sku: str = "HB-250"
    name: str = "House blend"
    variant_id: UUID = field(default_factory=new_id)
    product_id: UUID = field(default_factory=new_id)


class Shop:
    """Sells in the past of a business."""

    def __init__(self, context: ServiceContext, tenant_id: UUID) -> None:
        self.context = context
        self.tenant_id = tenant_id

    async def sell(self, item: Item, quantities: Sequence[int], *, last: datetime | None = None) -> None:
        """Orders of these quantities on days one after another, the last of which is yesterday unless given."""
        last = last or today(self.context.clock) - timedelta(days=1) + NOON
        days = [last - timedelta(days=back) for back in range(len(quantities) - 1, -1, -1)]
        await self.sell_at(item, [(day, sold) for day, sold in zip(days, quantities, strict=True) if sold])

    async def sell_at(self, item: Item, sales: Sequence[tuple[datetime, int]]) -> list[UUID]:
        """Orders at these moments, of these quantities; their ids."""
        orders, lines = [], []
        for moment, quantity in sales:
            order_id = new_id()
            orders.append(
                {
                    "tenant_id": self.tenant_id,
                    "order_id": order_id,
                    "currency": "ZAR",
                    "placed_at": moment,
                    "paid_at": moment,
                }
            )
            lines.append(
                {
                    "tenant_id": self.tenant_id,
                    "line_id": new_id(),
                    "order_id": order_id,
                    "product_id": item.product_id,
                    "variant_id": item.variant_id,
                    "sku": item.sku,
                    "name": item.name,
                    "quantity": quantity,
                    "total": 1000 * quantity,
                    "currency": "ZAR",
                }
            )
        async with self.context.unit_of_work(tenant_id=self.tenant_id) as uow:
            await execute_bulk(uow, _ORDERS, orders)
            await execute_bulk(uow, _LINES, lines)
        return [order["order_id"] for order in orders]  # type: ignore[misc]

    async def stock(self, item: Item, available: int) -> None:
        """What is in the only warehouse."""
        row = {
            "tenant_id": self.tenant_id,
            "store_id": new_id(),
            "variant_id": item.variant_id,
            "sku": item.sku,
            "on_hand": available,
            "reserved": 0,
            "allocated": 0,
            "available": available,
            "revision": 1,
        }
        async with self.context.unit_of_work(tenant_id=self.tenant_id) as uow:
            await execute_bulk(uow, _STOCK, [row])

    async def stock_was(
        self, item: Item, levels: Sequence[tuple[datetime, int]], *, store_id: UUID | None = None
    ) -> None:
        """What a warehouse had to sell from these moments on, as its events tell."""
        store_id = store_id or new_id()
        for revision, (moment, available) in enumerate(levels, 1):
            event = StockChanged(
                store_id=store_id,
                variant_id=item.variant_id,
                sku=item.sku,
                on_hand=available,
                reserved=0,
                allocated=0,
                available=available,
                revision=revision,
                cause="adjusted",
            )
            await deliver(self.context, envelope(event, self.tenant_id, time=moment))


@pytest.fixture
def shop(context: ServiceContext, tenant_id: UUID) -> Shop:
    """The test's business, which sells."""
    return Shop(context, tenant_id)


class CatalogStandIn:
    """The catalog's side of what is asked of it: each business has the variants that were added for it."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._items: dict[UUID | None, list[Item]] = {}

    def add(self, tenant_id: UUID, item: Item) -> None:
        """A variant of this business that was never sold."""
        self._items.setdefault(tenant_id, []).append(item)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer as the catalog does."""
        request = Request(scope, receive)
        now = self._context.clock.now().timestamp()
        actor = self._context.signer.verify(request.headers[ACTOR_HEADER], now)
        items = self._items.get(actor.tenant_id, [])
        if request.url.path == "/internal/variants/lookup":
            wanted = (await request.json())["variant_ids"]
            found = [
                {
                    "variant_id": str(item.variant_id),
                    "product_id": str(item.product_id),
                    "sku": item.sku,
                    "name": item.name,
                }
                for item in items
                if str(item.variant_id) in wanted
            ]
            response = JSONResponse({"items": found})
        else:
            of_product = [item for item in items if str(item.product_id) in request.url.path]
            body: dict[str, Any] = {"items": [{"id": str(item.variant_id)} for item in of_product]}
            if not of_product:
                body = {"slug": "not-found", "status": 404, "title": "Not found"}
            response = JSONResponse(body, 200 if of_product else 404)
        await response(scope, receive, send)


@pytest.fixture(scope="session")
def catalog(context: ServiceContext) -> CatalogStandIn:
    """What stands in for the catalog."""
    found = CatalogStandIn(context)
    context.upstreams.register("catalog", found)
    return found


def weekly(days: int, *, seed: int = 1, level: int = 10) -> list[int]:
    """Demand that is high at weekends, with some noise."""
    chance = random.Random(seed)
    return [
        max(0, round(level * (2.0 if day % 7 >= 5 else 0.6) + chance.gauss(0, level / 10)))
        for day in range(days)
    ]


def seldom(days: int, *, seed: int = 1) -> list[int]:
    """A few pieces about every fifth day."""
    chance = random.Random(seed)
    return [chance.randint(1, 4) if chance.random() < 0.2 else 0 for _ in range(days)]
