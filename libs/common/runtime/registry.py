"""Finds the services by name: the one place where a process meets their packages."""

from collections.abc import Awaitable, Callable, Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from libs.common.garbage import uncollected

# A supervisor needs the names alone.
if TYPE_CHECKING:
    from libs.common.runtime.service import Service
    from libs.common.runtime.upstreams import Upstreams
    from libs.common.runtime.verify import Finding
    from libs.common.settings import CommonSettings

NAMES = ("identity", "crm", "catalog", "orders", "payments", "notifications", "analytics")


def load(name: str) -> "Service":
    """The service value of a name.

    Raises:
        KeyError: there is no such service.
    """
    if name not in NAMES:
        raise KeyError(f"there is no service {name!r}; there are {', '.join(NAMES)}")
    service: Service = import_module(f"services.{name}.manifest").SERVICE
    return service


def load_all(names: Iterable[str] = NAMES) -> "list[Service]":
    """The service values of these names, in the order in which they stand up."""
    with uncollected():
        return [load(name) for name in names]


def load_gateway() -> "Callable[[CommonSettings, Upstreams], Any]":
    """What makes the gateway's app from the common settings and the ways to the services."""
    factory: Callable[[CommonSettings, Upstreams], Any] = import_module("gateway.manifest").build
    return factory


def load_gateway_settings() -> type[Any]:
    """The settings class of the gateway."""
    kind: type[Any] = import_module("gateway.settings").GatewaySettings
    return kind


def load_story() -> Callable[[str, Any], Awaitable[bool]]:
    """What plays the main story against a gateway: `await play(url, console)`, true when every step held."""
    play: Callable[[str, Any], Awaitable[bool]] = import_module("deploy.demo.story").play
    return play


def load_crosschecks() -> "Callable[[CommonSettings, list[Service]], Awaitable[list[tuple[str, Finding]]]]":
    """The invariants that compare services with each other."""
    check: Callable[[CommonSettings, list[Service]], Awaitable[list[tuple[str, Finding]]]] = import_module(
        "deploy.verify.crosschecks"
    ).check
    return check
