"""Rules that every route of every service keeps."""

import inspect
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from gateway.routes import Route, Target
from libs.common.http.idempotency import get_idempotency, get_optional_idempotency
from libs.common.runtime.app import requirement_of
from libs.common.runtime.registry import NAMES, load
from libs.common.runtime.service import Service


def routes(service: Service) -> Iterator[APIRoute]:
    """The routes of a service as its manifest lists them."""
    for router in service.routers:
        for route in router.routes:
            if isinstance(route, APIRoute):
                yield route


def calls(dependant: Dependant) -> Iterator[Callable[..., Any]]:
    """What a route depends on, directly or not."""
    for inner in dependant.dependencies:
        if inner.call is not None:
            yield inner.call
        yield from calls(inner)


@pytest.fixture(params=NAMES)
def service(request: pytest.FixtureRequest) -> Service:
    """Each service in turn."""
    return load(request.param)


def test_every_route_says_who_may_call_it(service: Service) -> None:
    silent = [f"{route.methods} {route.path}" for route in routes(service) if requirement_of(route) is None]
    assert not silent


def test_every_permission_asked_for_is_one_that_the_manifest_lists(service: Service) -> None:
    asked = {
        need.permission for route in routes(service) if (need := requirement_of(route)) and need.permission
    }
    assert asked <= {*service.permissions, "gateway.bus.read", "gateway.bus.write"}
    assert all(name.startswith(f"{service.name}.") for name in service.permissions)


def test_no_listed_permission_is_without_use(service: Service) -> None:
    sources = "".join(
        inspect.getsource(module)
        for name, module in list(sys.modules.items())
        if name.startswith(f"services.{service.name}.") and module is not None and "tests" not in name
    )
    unused = [name for name in service.permissions if sources.count(f'"{name}"') < 2]
    assert not unused


def test_every_route_tells_what_it_does_and_answers_with_a_model(service: Service) -> None:
    poor = [
        f"{route.methods} {route.path}"
        for route in routes(service)
        if route.include_in_schema and (not (route.description or "").strip())
    ]
    assert not poor


def test_no_two_routes_meet(service: Service) -> None:
    seen: set[tuple[str, str]] = set()
    for route in routes(service):
        for method in route.methods or ():
            key = (method, route.path)
            assert key not in seen
            seen.add(key)


def test_every_permission_that_a_system_role_holds_exists() -> None:
    from gateway.manifest import GATEWAY_PERMISSIONS
    from services.identity.roles.catalogue import SYSTEM_ROLES

    known = {*GATEWAY_PERMISSIONS, *(name for each in NAMES for name in load(each).permissions)}
    for role in SYSTEM_ROLES:
        for held in role.permissions:
            below = held.removesuffix("*")
            assert (
                held == "*" or held in known or (held != below and any(k.startswith(below) for k in known))
            ), f"{role.code} holds {held}, which nothing asks for"


def test_nothing_on_the_way_to_an_endpoint_goes_through_a_thread(service: Service) -> None:
    threaded = {
        f"{route.path}: {call}"
        for route in routes(service)
        for call in (route.endpoint, *calls(route.dependant))
        if not any(
            inspect.iscoroutinefunction(each) or inspect.isasyncgenfunction(each)
            for each in (call, type(call).__call__)
        )
    }
    assert not threaded


def test_the_gateway_knows_the_routes_that_keep_idempotency_keys(service: Service) -> None:
    keeps = {get_idempotency, get_optional_idempotency}
    for route in (route for route in routes(service) if "POST" in route.methods):
        target = Target(Route("", service.name), route.path_format.replace("{", "").replace("}", ""))
        assert target.keeps_keys == (not keeps.isdisjoint(calls(route.dependant))), route.path
