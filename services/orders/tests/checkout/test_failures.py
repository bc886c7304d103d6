"""Checkouts that fail half-way: no order without stock, no stock kept without an order, one order after all."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import psycopg
import pytest
import uvicorn

from libs.common.db.direct import all_of
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.upstreams import Upstreams
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.common.testing.plugin import MakeContext
from services.orders.aftermath import Aftermath
from services.orders.checkout.schemas import CheckoutIn
from services.orders.checkout.service import CheckoutService
from services.orders.manifest import SERVICE
from services.orders.tests.catalog_app import CatalogApp
from services.orders.tests.shop import Shop, ok, refused
from services.orders.visibility import Caller


class Crash(Exception):
    """The process ends here."""


async def crash_after_reserving(shop: Shop, cart: dict) -> None:
    """A checkout whose process dies between the reservation and the commit: nothing is tidied up."""
    actor = shop.client.actor
    assert actor is not None

    async def dying() -> None:
        async with shop.context.unit_of_work(actor) as uow:
            checkout = CheckoutService(uow, Caller(actor))
            opened = await all_of(uow, *checkout.opening(UUID(cart["id"])))
            await checkout.check_out(opened, CheckoutIn(email="a@example.com"), Aftermath())
            raise Crash

    with pytest.raises(Crash):
        await dying()


@pytest.mark.parametrize("mood", ["down", "down-for-reservations"])
async def test_without_the_catalog_nothing_is_ordered(shop: Shop, mood: str) -> None:
    cart = await shop.ready()
    shop.shelf.mood = mood

    response = await shop.check_out(cart, key="k")

    refused(response, 503, "unavailable")
    assert "retry-after" in response.headers
    assert ok(await shop.client.get("/orders"))["items"] == []
    assert await emitted(shop.context, shop.tenant_id) == []
    shop.shelf.mood = ""
    ok(await shop.check_out(cart, key="k"), 201)


async def test_an_answer_lost_after_reserving_leaves_nothing_held(shop: Shop) -> None:
    cart = await shop.ready()
    shop.shelf.mood = "lost"

    refused(await shop.check_out(cart, key="k"), 502, "upstream-failed")

    assert shop.shelf.held == {}
    shop.shelf.mood = ""
    order = ok(await shop.check_out(cart, key="k"), 201)
    assert list(shop.shelf.held) == [order["id"]]


@pytest.mark.parametrize("key", ["same", "another"])
async def test_after_a_crash_a_retry_places_one_order_under_the_reserved_id(shop: Shop, key: str) -> None:
    cart = await shop.ready()
    await crash_after_reserving(shop, cart)
    (reserved,) = shop.shelf.held
    assert ok(await shop.client.get("/orders"))["items"] == []

    order = ok(await shop.check_out(cart, key=key), 201)

    assert order["id"] == reserved
    assert list(shop.shelf.held) == [reserved]
    assert order["number"] == "O-000001"
    assert [o["id"] for o in ok(await shop.client.get("/orders"))["items"]] == [reserved]


async def test_after_a_crash_a_changed_cart_reserves_what_it_holds_now(shop: Shop) -> None:
    variant = shop.shelf.add(stock=3)
    cart = await shop.ready((variant, 2))
    await crash_after_reserving(shop, cart)
    body = {"variant_id": variant, "quantity": 1}
    ok(await shop.client.post(f"/carts/{cart['id']}/items", json=body), 201)

    order = ok(await shop.check_out(cart), 201)

    assert shop.shelf.held == {order["id"]: {variant: 3}}


@pytest.fixture
def failing_commit(database_url: str) -> Iterator[str]:
    """An e-mail address whose orders pass every statement and fail at the commit."""
    with psycopg.connect(database_url, autocommit=True) as admin:
        admin.execute(
            "CREATE OR REPLACE FUNCTION orders.refuse() RETURNS trigger LANGUAGE plpgsql"
            " AS $$ BEGIN RAISE EXCEPTION 'refused at commit'; END $$"
        )
        admin.execute(
            "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON orders.orders DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW WHEN (NEW.email = 'refused@example.com') EXECUTE FUNCTION orders.refuse()"
        )
        yield "refused@example.com"
        admin.execute("DROP TRIGGER refuse ON orders.orders")
        admin.execute("DROP FUNCTION orders.refuse")


async def test_a_commit_that_fails_frees_what_was_reserved(shop: Shop, failing_commit: str) -> None:
    cart = await shop.ready()

    response = await shop.check_out(cart, key="k", email=failing_commit)

    assert response.status_code == 500
    assert shop.shelf.count("PUT") == 1
    assert shop.shelf.held == {}
    order = ok(await shop.check_out(cart, key="k2"), 201)
    assert order["number"] == "O-000001"
    assert list(shop.shelf.held) == [order["id"]]


async def test_tidying_up_does_not_free_the_stock_of_a_retry_that_succeeded(
    shop: Shop, failing_commit: str
) -> None:
    cart = await shop.ready()

    failed, placed = await asyncio.gather(
        shop.check_out(cart, key="a", email=failing_commit), shop.check_out(cart, key="b")
    )

    assert failed.status_code in (409, 500)
    assert list(shop.shelf.held) == [ok(placed, 201)["id"]]


@pytest.fixture
async def slow(
    make_context: MakeContext, context: ServiceContext, catalog: CatalogApp
) -> AsyncIterator[ServiceContext]:
    """The service reaching the catalog over a real socket, with little patience."""
    config = uvicorn.Config(catalog.app, log_config=None, lifespan="off", loop="asyncio")
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        running = asyncio.create_task(server.serve(sockets=[listener]))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        upstreams = Upstreams({"catalog": url}, context.signer, context.clock, timeout=2)
        yield await make_context(SERVICE, clock=context.clock, upstreams=upstreams)
        catalog.patience.set()
        server.should_exit = True
        await running
        catalog.patience.clear()


async def test_a_catalog_that_reserves_and_does_not_answer_in_time(shop: Shop, slow: ServiceContext) -> None:
    cart = await shop.ready()
    over_http = Client(slow, shop.client.actor)
    shop.shelf.mood = "hang"

    refused(await shop.check_out(cart, over_http, key="k"), 504, "upstream-timeout")

    assert shop.shelf.held == {}
    assert ok(await shop.client.get("/orders"))["items"] == []
    shop.shelf.mood = ""
    order = ok(await shop.check_out(cart, over_http, key="k"), 201)
    assert list(shop.shelf.held) == [order["id"]]
