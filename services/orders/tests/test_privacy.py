"""Erasing what this service knows of a person by the address for mail."""

from uuid import UUID

from libs.common.ids import new_id
from libs.common.privacy.erasing import erase_some
from libs.common.privacy.people import Person, enter
from libs.common.runtime.context import ServiceContext
from services.orders.manifest import SERVICE
from services.orders.tests.shop import ADDRESS, Shop, customer, ok


async def erase(context: ServiceContext, person: Person) -> None:
    """Forget a person, in one step."""
    async with context.unit_of_work(tenant_id=person.tenant_id) as uow:
        await enter(uow, person)
        await erase_some(uow, person, SERVICE.metadata, SERVICE.privacy, None)


async def test_where_goods_went_is_forgotten_with_the_cart_whose_buyer_is_known_by_the_order_alone(
    shop: Shop, context: ServiceContext, tenant_id: UUID
) -> None:
    others = await shop.ready()
    ok(await shop.check_out(others, email="other@example.com"), 201)
    thabo = shop.client.acting(customer(tenant_id))
    carts = [(shop.guest, await shop.ready(client=shop.guest)), (thabo, await shop.ready(client=thabo))]
    for client, cart in carts:
        ok(await shop.check_out(cart, client, email="Nomsa@example.com"), 201)

    await erase(context, Person(new_id(), None, "nomsa@example.com", tenant_id))

    for _, cart in carts:
        left = ok(await shop.client.get(f"/carts/{cart['id']}"))
        assert (left["address"], left["email"]) == (None, None)
    assert ok(await shop.client.get(f"/carts/{others['id']}"))["address"]["line1"] == ADDRESS["line1"]
