"""The choice lists of catalog."""

from uuid import UUID

from libs.common.actor import system_actor
from libs.common.testing.client import Client
from services.catalog.tests.factories import created, store

PATH = "/internal/dropdown-options"


async def test_choices_come_from_the_enumerations_and_the_rows(client: Client, tenant_id: UUID) -> None:
    mugs = await created(client, "/categories", {"name": "Mugs"})
    main = await store(client)

    found = (await client.acting(system_actor("gateway", tenant_id)).get(PATH)).json()

    assert {"value": "goods", "label": "Goods"} in found["product_type"]
    assert {"value": "transfer_in", "label": "Transfer in"} in found["movement_type"]
    assert found["category"] == [{"value": mugs["id"], "label": "Mugs"}]
    assert found["store"] == [{"value": main["id"], "label": "Main warehouse"}]


async def test_without_a_business_only_the_enumerations_are_answered(client: Client) -> None:
    found = (await client.acting(system_actor("gateway")).get(PATH)).json()

    assert set(found) == {"product_type", "product_status", "movement_type", "reservation_status"}


async def test_people_are_refused(client: Client) -> None:
    assert (await client.get(PATH)).status_code == 403
