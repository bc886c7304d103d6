"""Finds the services by name: the one place where a process meets their packages."""

from collections.abc import Iterable
from importlib import import_module

from libs.common.runtime.service import Service

NAMES = ("identity", "crm", "catalog", "orders", "payments", "notifications", "analytics")


def load(name: str) -> Service:
    """The service value of a name.

    Raises:
        KeyError: there is no such service.
    """
    if name not in NAMES:
        raise KeyError(f"there is no service {name!r}; there are {', '.join(NAMES)}")
    service: Service = import_module(f"services.{name}.manifest").SERVICE
    return service


def load_all(names: Iterable[str] = NAMES) -> list[Service]:
    """The service values of these names, in the order in which they stand up."""
    return [load(name) for name in names]
