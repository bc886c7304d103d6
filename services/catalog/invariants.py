"""What must always hold of stock, checked by `pillars verify`."""

from sqlalchemy import text

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.runtime.verify import Finding, Invariant

_EXAMPLES = 5

_MOVEMENTS = """
    WITH moved AS (
        SELECT tenant_id, variant_id, store_id, sum(quantity) AS total
        FROM catalog.movements GROUP BY tenant_id, variant_id, store_id
    )
    SELECT count(*) OVER () AS breaches, coalesce(l.variant_id, m.variant_id) AS variant_id,
           coalesce(l.store_id, m.store_id) AS store_id, coalesce(l.on_hand, 0) AS have, coalesce(m.total, 0) AS want
    FROM catalog.stock_levels l
    FULL JOIN moved m USING (tenant_id, variant_id, store_id)
    WHERE coalesce(l.on_hand, 0) <> coalesce(m.total, 0)
    LIMIT :examples
"""

_HOLDS = """
    WITH held AS (
        SELECT n.tenant_id, n.variant_id, n.store_id,
               coalesce(sum(n.quantity - n.shipped_quantity) FILTER (WHERE r.status = 'reserved'), 0) AS reserved,
               coalesce(sum(n.quantity - n.shipped_quantity) FILTER (WHERE r.status = 'allocated'), 0) AS allocated
        FROM catalog.reservation_lines n
        JOIN catalog.reservations r ON r.tenant_id = n.tenant_id AND r.id = n.reservation_id
        WHERE r.status IN ('reserved', 'allocated')
        GROUP BY n.tenant_id, n.variant_id, n.store_id
    )
    SELECT count(*) OVER () AS breaches, coalesce(l.variant_id, h.variant_id) AS variant_id,
           coalesce(l.store_id, h.store_id) AS store_id,
           coalesce(l.reserved, 0) + coalesce(l.allocated, 0) AS have,
           coalesce(h.reserved, 0) + coalesce(h.allocated, 0) AS want
    FROM catalog.stock_levels l
    FULL JOIN held h USING (tenant_id, variant_id, store_id)
    WHERE coalesce(l.reserved, 0) <> coalesce(h.reserved, 0)
       OR coalesce(l.allocated, 0) <> coalesce(h.allocated, 0)
    LIMIT :examples
"""

_BOUNDS = """
    SELECT count(*) OVER () AS breaches, variant_id, store_id, on_hand AS have, reserved + allocated AS want
    FROM catalog.stock_levels
    WHERE on_hand < 0 OR reserved < 0 OR allocated < 0 OR reserved + allocated > on_hand
    LIMIT :examples
"""


_AVAILABILITY = """
    SELECT count(*) OVER () AS breaches, p.id, p.is_sellable AS have, s.is_sellable AS want
    FROM catalog.products p
    CROSS JOIN LATERAL (
        SELECT EXISTS (
            SELECT 1 FROM catalog.variants v
            WHERE v.tenant_id = p.tenant_id AND v.product_id = p.id AND v.deleted_at IS NULL AND (
                p.type <> 'goods' OR NOT v.track_stock OR EXISTS (
                    SELECT 1 FROM catalog.stock_levels l
                    WHERE l.tenant_id = v.tenant_id AND l.variant_id = v.id
                      AND l.on_hand > l.reserved + l.allocated
                )
            )
        ) AS is_sellable
    ) s
    WHERE p.deleted_at IS NULL AND p.is_sellable <> s.is_sellable
      AND NOT EXISTS (
          SELECT 1 FROM catalog.availability_changes c WHERE c.tenant_id = p.tenant_id AND c.product_id = p.id
      )
    LIMIT :examples
"""


async def _check(uow: UnitOfWork, statement: str) -> Finding:
    levels = (await uow.session.execute(text("SELECT count(*) FROM catalog.stock_levels"))).scalar_one()
    rows = (await uow.session.execute(text(statement), {"examples": _EXAMPLES})).mappings().all()
    return Finding(
        figure=f"{levels} stock levels",
        breaches=rows[0]["breaches"] if rows else 0,
        examples=tuple(
            f"variant {row['variant_id']} in store {row['store_id']}: {row['have']}, should be {row['want']}"
            for row in rows
        ),
    )


async def movements_explain_stock(uow: UnitOfWork) -> Finding:
    """What lies in each store is the sum of the movements there."""
    return await _check(uow, _MOVEMENTS)


async def reservations_explain_holds(uow: UnitOfWork) -> Finding:
    """What is reserved and allocated is the sum of the live reservations' lines."""
    return await _check(uow, _HOLDS)


async def holds_are_covered(uow: UnitOfWork) -> Finding:
    """Nothing is negative, and no more is held than lies there."""
    return await _check(uow, _BOUNDS)


async def products_know_their_stock(uow: UnitOfWork) -> Finding:
    """What products say of whether they can be bought is what stock says, or waits to be looked at again."""
    products = (await uow.session.execute(text("SELECT count(*) FROM catalog.products"))).scalar_one()
    rows = (await uow.session.execute(text(_AVAILABILITY), {"examples": _EXAMPLES})).mappings().all()
    return Finding(
        figure=f"{products} products",
        breaches=rows[0]["breaches"] if rows else 0,
        examples=tuple(f"product {row['id']}: {row['have']}, should be {row['want']}" for row in rows),
    )


INVARIANTS = (
    Invariant("on hand is the sum of the movements", movements_explain_stock),
    Invariant("reserved and allocated are the sums of live reservations", reservations_explain_holds),
    Invariant("no more is held than lies in store", holds_are_covered),
    Invariant("products in stock are known as such", products_know_their_stock),
)
