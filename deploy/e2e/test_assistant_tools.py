"""What the assistant shows is what the routes of the same figures show, in whichever service they are."""

import pytest
from fastapi.routing import APIRoute

from gateway.routes import public_path
from libs.common.runtime.app import requirement_of
from libs.common.runtime.registry import NAMES, load
from services.analytics.assistant.tools.catalogue import TOOLS


@pytest.mark.parametrize("name", sorted(TOOLS))
def test_a_tool_asks_for_what_its_route_asks_for(name: str) -> None:
    tool = TOOLS[name]
    [need] = [
        requirement_of(route)
        for service in NAMES
        for router in load(service).routers
        for route in router.routes
        if isinstance(route, APIRoute)
        and "GET" in route.methods
        and public_path(service, route.path) == f"/api/v1{tool.path}"
    ]

    assert need is not None
    assert (tool.permission, tool.feature) == (need.permission, need.feature)
