"""The service as a whole."""

from uuid import UUID

from libs.common.runtime.app import api_routes, requirement_of
from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from services.notifications.manifest import SERVICE


def test_every_route_says_who_may_call_with_a_known_permission(client: Client) -> None:
    used = set()
    for route in api_routes(client.app):
        requirement = requirement_of(route)
        assert requirement is not None, route.path
        assert requirement.permission in SERVICE.permissions, route.path
        used.add(requirement.permission)
    assert used == set(SERVICE.permissions)


async def test_choice_lists_are_for_other_services(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    from libs.common.actor import system_actor

    assert (await client.get("/internal/dropdown-options")).status_code == 403
    answer = await client.acting(system_actor("gateway")).get("/internal/dropdown-options")
    assert {"value": "push", "label": "Push"} in answer.json()["notification_channel"]


def test_handlers_have_names_of_their_own() -> None:
    names = [subscription.name for subscription in SERVICE.subscriptions]
    assert len(names) == len(set(names))
    assert all(name.startswith("notifications.") for name in names)
