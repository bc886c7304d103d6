"""Asks the catalog for variants of which nothing was sold yet."""

from typing import Any
from uuid import UUID

from libs.common.actor import system_actor
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.upstreams import UpstreamProblem
from services.analytics.demand_forecast.history import Series


async def variants_of(
    context: ServiceContext, tenant_id: UUID, *, product_id: UUID | None, variant_id: UUID | None
) -> list[Series]:
    """The variants of a product, or the one named; none where the business has no such thing.

    Raises:
        Unavailable, UpstreamTimeout: the catalog does not answer.
    """
    actor = system_actor("analytics", tenant_id)
    if variant_id is not None:
        ids = [str(variant_id)]
    else:
        try:
            path = f"/products/{product_id}/variants"
            listed: dict[str, Any] = await context.upstreams.call("catalog", "GET", path, actor=actor)
        except UpstreamProblem as problem:
            if problem.upstream_status == 404:
                return []
            raise
        ids = [item["id"] for item in listed["items"]]
    found = await context.upstreams.call(
        "catalog",
        "POST",
        "/internal/variants/lookup",
        actor=actor,
        json={"variant_ids": ids[:500]},
        safe=True,
    )
    return [
        Series(UUID(item["variant_id"]), UUID(item["product_id"]), item["sku"], item["name"], 0)
        for item in found["items"]
        if product_id is None or item["product_id"] == str(product_id)
    ]
