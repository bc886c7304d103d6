"""Fixtures of privacy requests."""

from uuid import UUID

import pytest

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.clock import ManualClock
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.registry import NAMES
from libs.common.runtime.upstreams import Upstreams
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.plugin import MakeContext
from services.identity.manifest import SERVICE
from services.identity.settings import IdentitySettings
from services.identity.tests.outsiders import World, signed_in_now
from services.identity.tests.privacy_requests.others import Flow, Other


@pytest.fixture
async def flow(
    make_context: MakeContext, context: ServiceContext, identity_settings: IdentitySettings
) -> Flow:
    """The flow, with all other services up."""
    clock = ManualClock()
    upstreams = Upstreams({}, context.signer, clock)
    others = {name: Other(name) for name in NAMES if name != "identity"}
    for name, other in others.items():
        upstreams.register(name, other.app)
    made = await make_context(SERVICE, settings=identity_settings, clock=clock, upstreams=upstreams)
    made.resources["proofs"] = World()
    return Flow(made, clock, others)


@pytest.fixture
async def client(flow: Flow, tenant_id: UUID) -> Client:
    """Somebody of a business who may do anything."""
    return Client(flow.context, await signed_in_now(flow.context, user(tenant_id)))


@pytest.fixture
async def staff(flow: Flow) -> Client:
    """Somebody of the operator's staff."""
    somebody = user(OPERATOR_TENANT_ID, "identity.privacy.*")
    return Client(flow.context, await signed_in_now(flow.context, somebody))
