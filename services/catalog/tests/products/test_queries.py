"""How many statements a list of products takes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from services.catalog.tests.factories import product, stocked, variant_body


@contextmanager
def statements(context: ServiceContext) -> Iterator[list[str]]:
    """The statements that reach the database meanwhile."""
    seen: list[str] = []

    def note(_: Any, __: Any, statement: str, *rest: Any) -> None:
        seen.append(statement)

    engine = context.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def test_a_list_takes_as_many_statements_for_many_products_as_for_one(
    client: Client, context: ServiceContext
) -> None:
    await stocked(client, 1)
    with statements(context) as for_one:
        await client.get("/products")
    for _ in range(8):
        await product(client, variant_body(), variant_body())
    with statements(context) as for_many:
        page = await client.get("/products")

    assert len(page.json()["items"]) == 9
    assert len(for_many) == len(for_one) <= 5
