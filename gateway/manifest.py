"""The gateway as a value: what the host needs to know to start it."""

from dataclasses import dataclass, field

from gateway.app import Gateway
from gateway.settings import GatewaySettings
from libs.common.clock import Clock
from libs.common.messaging.listening import make_listener
from libs.common.runtime.upstreams import Upstreams
from libs.common.settings import CommonSettings
from libs.contracts.gateway import GATEWAY_PERMISSIONS


@dataclass(frozen=True)
class Edge:
    """The one process that clients reach; inert until `build` is called.

    Attributes:
        settings: its settings class.
        permissions: each permission it checks, with a description for role editors.
    """

    name: str
    description: str
    settings: type[GatewaySettings]
    permissions: dict[str, str] = field(default_factory=dict)


GATEWAY = Edge(
    name="gateway",
    description="Authentication at the edge, tenant routing, limits, merged API documentation, administration.",
    settings=GatewaySettings,
    permissions=GATEWAY_PERMISSIONS,
)


def build(
    common: CommonSettings,
    upstreams: Upstreams,
    settings: GatewaySettings | None = None,
    clock: Clock | None = None,
) -> Gateway:
    """The gateway's ASGI application, with its settings from the environment unless given."""
    return Gateway(settings or GatewaySettings(), common, upstreams, clock, make_listener(common))
