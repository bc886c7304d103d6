"""The lists of all services, found in their routers."""

from collections.abc import Iterator
from dataclasses import dataclass
from inspect import signature
from typing import get_args

from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute

from libs.common.filters import ListQuery
from libs.common.runtime.registry import NAMES, load
from libs.common.runtime.service import Service


@dataclass
class Endpoint:
    """A list: its service, path and query."""

    service: str
    path: str
    query: type[ListQuery]

    def __str__(self) -> str:
        return f"{self.service} {self.path}"


def endpoints(service: Service) -> Iterator[Endpoint]:
    """The lists of a service: the routes whose signature takes a list's query."""
    for router in service.routers:
        for route in router.routes:
            if isinstance(route, APIRoute) and "GET" in route.methods:
                for parameter in signature(route.endpoint).parameters.values():
                    kind = (get_args(parameter.annotation) or [None])[0]
                    # An export is the pages of its list, one after another.
                    is_export = route.response_class is StreamingResponse
                    if isinstance(kind, type) and issubclass(kind, ListQuery) and not is_export:
                        yield Endpoint(service.name, route.path, kind)


# Roles are those of the platform and a business's own: few, and two indexes would have to be merged.
# What the sandboxes keep is for development. Keys, tokens, passkeys, linked accounts, providers, grants to staff and plans are few
# by rule; of one application there are as few documents and entries as happen to it.
FEW = {"/roles", "/fcm/sandbox/messages", "/mailbox"} | {
    "/auth/passkeys",
    "/auth/oidc/links",
    "/oidc-providers",
    "/api-keys",
    "/auth/token",
    "/plans",
    "/tenants/{tenant_id}/staff-grants",
    "/registrations/{registration_id}/documents",
    "/registrations/{registration_id}/timeline",
}
ALL_LISTS = [one for name in NAMES for one in endpoints(load(name))]
LISTS = [one for one in ALL_LISTS if one.path not in FEW]
