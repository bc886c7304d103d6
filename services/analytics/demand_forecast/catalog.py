"""Asks the catalog for variants of which nothing was sold yet."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from libs.common.actor import Actor, system_actor
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.upstreams import UpstreamProblem
from services.analytics.demand_forecast.history import Series


async def variants_of(
    context: ServiceContext,
    tenant_id: UUID,
    *,
    product_ids: Collection[UUID] | None,
    variant_ids: Collection[UUID] | None,
) -> list[Series]:
    """The variants of some products, or those named (of these products); none where the business has no such thing.

    Raises:
        Unavailable, UpstreamTimeout: the catalog does not answer.
    """
    actor = system_actor("analytics", tenant_id)
    if variant_ids is not None:
        ids = [str(variant_id) for variant_id in variant_ids]
    else:
        ids = []
        for product_id in product_ids or ():
            ids += await _of_product(context, actor, product_id)
    if not ids:
        return []
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
        if product_ids is None or UUID(item["product_id"]) in product_ids
    ]


async def _of_product(context: ServiceContext, actor: Actor, product_id: UUID) -> list[str]:
    try:
        listed: dict[str, Any] = await context.upstreams.call(
            "catalog", "GET", f"/products/{product_id}/variants", actor=actor
        )
    except UpstreamProblem as problem:
        if problem.upstream_status == 404:
            return []
        raise
    return [item["id"] for item in listed["items"]]
