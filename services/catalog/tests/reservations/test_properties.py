"""Whatever happens to stock and orders, in whatever order: the books follow a simple model of them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from libs.common.actor import system_actor
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import AppError
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from services.catalog.invariants import INVARIANTS
from services.catalog.reservations.schemas import ReleaseCause, RequestLine, ReservationRequest
from services.catalog.reservations.service import ReservationService
from services.catalog.stock.schemas import (
    AdjustmentCreate,
    CountCreate,
    CountLine,
    StockQuery,
    TransferCreate,
)
from services.catalog.stock.service import StockService
from services.catalog.tests.factories import product, store, variant_body

_two = st.integers(0, 1)
_order = st.integers(0, 1)
_pieces = st.dictionaries(_two, st.integers(1, 4), max_size=2)
_some = st.dictionaries(_two, st.integers(1, 4), min_size=1, max_size=2)
_steps = st.one_of(
    st.tuples(st.just("adjust"), _two, _two, st.integers(-8, 12).filter(bool)),
    st.tuples(st.just("transfer"), _two, _two, st.integers(1, 6)),
    st.tuples(st.just("count"), _two, _two, st.integers(0, 10)),
    st.tuples(st.just("reserve"), _order, _pieces, st.booleans()),
    st.tuples(st.just("release"), _order),
    st.tuples(st.just("pay"), _order, _some),
    st.tuples(st.just("cancel"), _order),
    st.tuples(st.just("expire"), _order, st.booleans()),
    st.tuples(st.just("ship"), _order, _some),
)
_long_ago = datetime.now(UTC) - timedelta(days=1)


@dataclass
class Order:
    """What the model knows of one order."""

    status: str = "unknown"
    cause: str | None = None
    held: dict[int, int] = field(default_factory=dict)
    is_renewed: bool = False
    has_shipped: bool = False


class Model:
    """Stock by variant, over all stores."""

    def __init__(self) -> None:
        self.on_hand = [0, 0]
        self.orders = [Order() for _ in range(2)]

    def holds(self, variant: int, status: str) -> int:
        return sum(order.held.get(variant, 0) for order in self.orders if order.status == status)

    def levels(self) -> list[tuple[int, int, int]]:
        return [(self.on_hand[v], self.holds(v, "reserved"), self.holds(v, "allocated")) for v in (0, 1)]

    def available(self, variant: int) -> int:
        on_hand, reserved, allocated = self.levels()[variant]
        return on_hand - reserved - allocated

    def covers(self, pieces: dict[int, int], own: dict[int, int]) -> bool:
        return all(self.available(v) + own.get(v, 0) >= quantity for v, quantity in pieces.items())

    def reserve(self, order: Order, pieces: dict[int, int], renew: bool) -> bool:
        """Whether it is taken."""
        if order.status in ("allocated", "shipped"):
            return True
        own = order.held if order.status == "reserved" else {}
        if (order.status == "released" and not renew) or not self.covers(pieces, own):
            return False
        order.status, order.held, order.cause = "reserved", dict(pieces), None
        order.is_renewed |= renew
        return True

    def pay(self, order: Order, pieces: dict[int, int]) -> None:
        if order.status in ("allocated", "shipped") or order.cause == "cancelled":
            return
        if order.status != "reserved":
            if not self.covers(pieces, {}):
                order.status = "released"
                return
            order.held, order.cause = dict(pieces), None
        order.status = "allocated"

    def release(self, order: Order, cause: str) -> None:
        if order.status in ("unknown", "released"):
            if cause == "cancelled" or (cause == "expired" and order.status == "unknown"):
                order.status, order.cause = "released", cause
        elif order.status == "reserved" or (order.status == "allocated" and cause != "expired"):
            order.status, order.cause, order.held = "released", cause, {}

    def ship(self, order: Order, pieces: dict[int, int]) -> None:
        if order.status == "unknown":
            order.status = "released"
        if order.status == "reserved":
            order.status = "allocated"
        had_lines = order.has_shipped or bool(order.held)
        for variant, quantity in pieces.items():
            own = min(order.held.get(variant, 0), quantity) if order.status == "allocated" else 0
            gone = own + min(self.available(variant), quantity - own)
            if own:
                order.held[variant] -= own
            self.on_hand[variant] -= gone
            order.has_shipped |= gone > 0
        if order.status == "allocated" and had_lines and not any(order.held.values()):
            order.status = "shipped"


class Shop:
    """A business with two variants and two stores, and the model beside it."""

    def __init__(self, context: ServiceContext) -> None:
        self.context = context
        self.tenant_id = new_id()
        self.model = Model()
        self.stored: dict[tuple[int, int], dict[str, int]] = {}
        self.order_ids = [new_id() for _ in range(2)]

    async def open(self) -> None:
        client = Client(self.context, user(self.tenant_id))
        self.stores = [UUID((await store(client, name=name))["id"]) for name in "AB"]
        made = await product(client, variant_body(position=0), variant_body(position=1))
        self.variants = [UUID(variant["id"]) for variant in made["variants"]]

    def unit_of_work(self) -> Any:
        return self.context.unit_of_work(system_actor("test", self.tenant_id))

    def lines(self, pieces: dict[int, int]) -> list[RequestLine]:
        return [RequestLine(variant_id=self.variants[v], quantity=n) for v, n in pieces.items()]

    async def levels(self) -> dict[tuple[int, int], dict[str, int]]:
        """The stored levels by variant and store."""
        async with self.unit_of_work() as uow:
            rows = (await StockService(uow).list_levels(StockQuery(limit=10)))["items"]
        return {(self.variants.index(r["variant_id"]), self.stores.index(r["store_id"])): r for r in rows}

    async def take(self, step: tuple[Any, ...]) -> None:
        """Do a step in the service and in the model; both must agree on whether it is possible."""
        possible = self._expect(step, self.stored)
        refusal = None
        try:
            async with self.unit_of_work() as uow:
                await self._do(uow, step)
        except AppError as error:
            refusal = error.slug
        assert (refusal is None) == possible, (step, refusal)
        assert refusal in (None, "insufficient-stock", "reservation-closed")

    def _expect(self, step: tuple[Any, ...], levels: dict[tuple[int, int], dict[str, int]]) -> bool:
        nothing = {"on_hand": 0, "available": 0}
        match step:
            case ("adjust", variant, place, delta):
                if levels.get((variant, place), nothing)["available"] + delta < 0:
                    return False
                self.model.on_hand[variant] += delta
            case ("transfer", variant, place, quantity):
                return levels.get((variant, place), nothing)["available"] >= quantity
            case ("count", variant, place, counted):
                found = levels.get((variant, place), nothing)
                if counted < found["on_hand"] - found["available"]:
                    return False
                self.model.on_hand[variant] += counted - found["on_hand"]
            case ("reserve", n, pieces, renew):
                return self.model.reserve(self.model.orders[n], pieces, renew)
            case ("release", n):
                self.model.release(self.model.orders[n], "requested")
            case ("pay", n, pieces):
                self.model.pay(self.model.orders[n], pieces)
            case ("cancel", n):
                self.model.release(self.model.orders[n], "cancelled")
            case ("expire", n, is_old):
                order = self.model.orders[n]
                if not (is_old and order.is_renewed):
                    self.model.release(order, "expired")
            case ("ship", n, pieces):
                self.model.ship(self.model.orders[n], pieces)
        return True

    async def _do(self, uow: UnitOfWork, step: tuple[Any, ...]) -> None:
        stock, reservations = StockService(uow), ReservationService(uow)
        match step:
            case ("adjust", variant, place, delta):
                where = {"variant_id": self.variants[variant], "store_id": self.stores[place]}
                await stock.adjust(AdjustmentCreate(**where, quantity_delta=delta, reason="test"))
            case ("transfer", variant, place, quantity):
                await stock.transfer(
                    TransferCreate(
                        variant_id=self.variants[variant],
                        from_store_id=self.stores[place],
                        to_store_id=self.stores[1 - place],
                        quantity=quantity,
                    )
                )
            case ("count", variant, place, counted):
                line = CountLine(variant_id=self.variants[variant], counted=counted)
                await stock.count(CountCreate(store_id=self.stores[place], lines=[line]))
            case ("reserve", n, pieces, renew):
                until = uow.now + timedelta(minutes=15)
                body = ReservationRequest(lines=self.lines(pieces), expires_at=until, renew=renew)
                await reservations.reserve(self.order_ids[n], body)
            case ("release", n):
                await reservations.release(self.order_ids[n], ReleaseCause.REQUESTED)
            case ("pay", n, pieces):
                await reservations.allocate(self.order_ids[n], self.lines(pieces))
            case ("cancel", n):
                fact = {"said_at": uow.now, "remember": True}
                await reservations.release(self.order_ids[n], ReleaseCause.CANCELLED, **fact)
            case ("expire", n, is_old):
                fact = {"said_at": _long_ago if is_old else uow.now, "remember": True}
                await reservations.release(self.order_ids[n], ReleaseCause.EXPIRED, **fact)
            case ("ship", n, pieces):
                await reservations.ship(self.order_ids[n], new_id(), self.lines(pieces))

    async def check(self, step: tuple[Any, ...]) -> None:
        """The books agree with the model."""
        self.stored = await self.levels()
        stored = [
            tuple(
                sum(row[name] for (of, _), row in self.stored.items() if of == variant)
                for name in ("on_hand", "reserved", "allocated")
            )
            for variant in (0, 1)
        ]
        assert stored == self.model.levels(), step

    async def verify(self) -> None:
        """The invariants hold."""
        async with self.unit_of_work() as uow:
            for invariant in INVARIANTS:
                finding = await invariant.check(uow)
                assert finding.breaches == 0, (invariant.name, finding.examples)


@settings(
    max_examples=30,
    derandomize=True,
    database=None,
    # Shrinking a long story takes minutes; the failing step is named anyway.
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(opening=st.integers(0, 8), steps=st.lists(_steps, min_size=10, max_size=25))
async def test_the_books_follow_the_model(
    context: ServiceContext, opening: int, steps: list[tuple[Any, ...]]
) -> None:
    shop = Shop(context)
    await shop.open()
    first = [("adjust", v, place, opening) for v in (0, 1) for place in (0, 1) if opening]
    for step in [*first, *steps]:
        await shop.take(step)
        await shop.check(step)
    await shop.verify()
