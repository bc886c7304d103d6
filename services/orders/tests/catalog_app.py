"""A small catalog for the tests: the real internal contract over HTTP, with stock that runs out and ways to fail."""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from libs.common.actor import ACTOR_HEADER, ActorSigner
from libs.common.ids import new_id


@dataclass
class Shelf:
    """The stock, reservations and moods of the catalog for one tenant."""

    variants: dict[str, dict[str, Any]] = field(default_factory=dict)
    stock: dict[str, int] = field(default_factory=dict)
    held: dict[str, dict[str, int]] = field(default_factory=dict)
    # What to do with calls: "down" answers 503; "lost" does the work and answers with garbage; "hang" does it and
    # does not answer.
    mood: str = ""
    # Whether it is that of release 0.1.0, which reserves without a look at prices.
    is_older: bool = False
    calls: list[str] = field(default_factory=list)

    def add(self, stock: int = 100, price: int = 19900, **changes: Any) -> str:
        """Offer a variant; its id."""
        variant_id = str(new_id())
        self.variants[variant_id] = {
            "variant_id": variant_id,
            "product_id": str(new_id()),
            "sku": f"SKU-{len(self.variants) + 1}",
            "name": "Shirt L",
            "product_name": "Shirt",
            "price": {"amount": price, "currency": "ZAR"},
            "weight_g": 400,
            "type": "goods",
            "status": "active",
            "tax_class": "standard",
            "options": {"size": "L"},
            "track_stock": True,
            **changes,
        }
        self.stock[variant_id] = stock
        return variant_id

    def available(self, variant_id: str, *, beside: str | None = None) -> int:
        """What is free of a variant, not counting what one order holds."""
        held = sum(lines.get(variant_id, 0) for order, lines in self.held.items() if order != beside)
        return self.stock.get(variant_id, 0) - held

    def count(self, start: str) -> int:
        """How many calls began so."""
        return sum(call.startswith(start) for call in self.calls)


class CatalogApp:
    """The ASGI app, and the shelf of each tenant."""

    def __init__(self) -> None:
        self.shelves: dict[UUID, Shelf] = {}
        self.signer: ActorSigner | None = None
        self.patience = asyncio.Event()
        self.app = Starlette(
            routes=[
                Route("/internal/variants/lookup", self._lookup, methods=["POST"]),
                Route("/internal/reservations/{order_id}", self._reserve, methods=["PUT"]),
                Route("/internal/reservations/{order_id}", self._release, methods=["DELETE"]),
            ]
        )

    def shelf(self, tenant_id: UUID) -> Shelf:
        """The shelf of a tenant."""
        return self.shelves.setdefault(tenant_id, Shelf())

    def _enter(self, request: Request) -> Shelf:
        # The signature is checked by its key alone: the clock of the tests is not the time.
        assert self.signer is not None
        actor = self.signer.verify(request.headers[ACTOR_HEADER], 0)
        assert actor.kind.value == "system"
        assert actor.name == "orders"
        assert actor.tenant_id is not None
        shelf = self.shelf(actor.tenant_id)
        shelf.calls.append(f"{request.method} {request.url.path}")
        return shelf

    async def _answer(self, shelf: Shelf, body: Any, status: int = 200) -> Response:
        if shelf.mood == "lost":
            return Response("<html>", status_code=502)
        if shelf.mood == "hang":
            await self.patience.wait()
        media = "application/problem+json" if status >= 400 else "application/json"
        return JSONResponse(body, status_code=status, media_type=media)

    async def _lookup(self, request: Request) -> Response:
        shelf = self._enter(request)
        if shelf.mood == "down":
            return _problem("unavailable", 503)
        ids = (await request.json())["variant_ids"]
        return JSONResponse({"items": [shelf.variants[i] for i in ids if i in shelf.variants]})

    async def _reserve(self, request: Request) -> Response:
        shelf, order_id = self._enter(request), request.path_params["order_id"]
        if shelf.mood in ("down", "down-for-reservations"):
            return _problem("unavailable", 503)
        body = await request.json()
        if shelf.is_older and "offers" in body:
            forbidden = {
                "loc": ["body", "offers"],
                "msg": "Extra inputs are not permitted",
                "type": "extra_forbidden",
            }
            return await self._answer(shelf, _body("validation-failed", 422, errors=[forbidden]), 422)
        offers = {offer["variant_id"]: offer["price"] for offer in body.get("offers", ())}
        variants = [shelf.variants[i] for i in offers if i in shelf.variants]
        prices = {v["variant_id"]: v["price"] for v in variants if v["status"] == "active"}
        if any(prices.get(variant_id) != price for variant_id, price in offers.items()):
            return await self._answer(shelf, _body("offer-changed", 409, variants=variants), 409)
        wanted: dict[str, int] = {}
        for line in body["lines"]:
            wanted[line["variant_id"]] = wanted.get(line["variant_id"], 0) + line["quantity"]
        short = [
            {"variant_id": v, "requested": n, "available": shelf.available(v, beside=order_id)}
            for v, n in wanted.items()
            if shelf.available(v, beside=order_id) < n
        ]
        if short:
            return await self._answer(shelf, _body("insufficient-stock", 409, lines=short), 409)
        shelf.held[order_id] = wanted
        held = {"order_id": order_id, "status": "reserved", "lines": []}
        if not shelf.is_older:
            held["variants"] = variants
        return await self._answer(shelf, held)

    async def _release(self, request: Request) -> Response:
        shelf = self._enter(request)
        shelf.held.pop(request.path_params["order_id"], None)
        return Response(status_code=204)


def _body(slug: str, status: int, **extra: Any) -> dict[str, Any]:
    return {
        "type": f"urn:pillars:problem:catalog:{slug}",
        "slug": slug,
        "title": slug,
        "status": status,
        **extra,
    }


def _problem(slug: str, status: int) -> Response:
    return JSONResponse(_body(slug, status), status_code=status, media_type="application/problem+json")
