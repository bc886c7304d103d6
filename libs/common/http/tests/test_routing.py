"""Routes are found by the first segment of the path."""

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from libs.common.http.routing import FirstSegmentRouter

orders = APIRouter(prefix="/orders")
carts = APIRouter(prefix="/carts")


@orders.get("/latest")
async def latest() -> str:
    return "latest"


@orders.get("/{order_id}")
async def order(order_id: str) -> str:
    return f"order {order_id}"


@carts.post("")
async def cart() -> str:
    return "cart"


@pytest.fixture
async def client() -> httpx.AsyncClient:
    app = FastAPI(redirect_slashes=False)
    app.router = FirstSegmentRouter([*app.routes, *orders.routes, *carts.routes])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop")


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/orders/latest", 200, '"latest"'),
        ("GET", "/orders/7", 200, '"order 7"'),
        ("POST", "/carts", 200, '"cart"'),
        ("GET", "/carts", 405, ""),
        ("GET", "/orders", 404, ""),
        ("GET", "/carts/", 404, ""),
        ("GET", "//orders/7", 404, ""),
        ("GET", "/", 404, ""),
        ("GET", "/openapi.json", 200, "/orders/{order_id}"),
    ],
)
async def test_a_route_is_found_as_if_all_were_tried_in_their_order(
    client: httpx.AsyncClient, method: str, path: str, status: int, text: str
) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == status
    assert text in answer.text


def test_what_cannot_be_found_by_its_first_segment_is_refused() -> None:
    loose = APIRouter()
    loose.add_api_route("/{anything}", order)
    outer = APIRouter()
    outer.include_router(orders)
    for router in (loose, outer):
        with pytest.raises(ValueError, match="no first segment"):
            FirstSegmentRouter(router.routes)
