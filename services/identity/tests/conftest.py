"""Fixtures of the identity tests."""

from typing import Any
from uuid import UUID

import pytest

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.clock import ManualClock
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.plugin import MakeContext
from services.identity.manifest import SERVICE
from services.identity.seed import seed
from services.identity.settings import IdentitySettings
from services.identity.tests.outsiders import Platform, World


@pytest.fixture(scope="session")
def identity_settings() -> IdentitySettings:
    """Settings with cheap password hashes, failures that take no longer, and mails that leave at once."""
    return IdentitySettings(argon2_memory_kib=8, argon2_time=1, failed_sign_in_seconds=0, link_mail_seconds=0)


@pytest.fixture(scope="session")
async def context(make_context: MakeContext, identity_settings: IdentitySettings) -> ServiceContext:
    """The identity service on this worker's database, as a new installation has it."""
    made = await make_context(SERVICE, settings=identity_settings)
    made.resources["proofs"] = World()
    await seed(made)
    return made


@pytest.fixture
async def later(
    make_context: MakeContext, identity_settings: IdentitySettings, context: ServiceContext
) -> Any:
    """The same service with a clock of its own, which a test may move."""
    made = await make_context(SERVICE, settings=identity_settings, clock=ManualClock())
    made.resources["proofs"] = World()
    return made


@pytest.fixture
def client(context: ServiceContext, tenant_id: UUID) -> Client:
    """A client acting as a user of the test's tenant who may do anything."""
    return Client(context, user(tenant_id))


@pytest.fixture
def staff(context: ServiceContext) -> Client:
    """A client acting as a member of the operator's staff."""
    return Client(
        context,
        user(
            OPERATOR_TENANT_ID,
            "identity.tenants.*",
            "identity.registrations.*",
            "identity.audit_log.read",
            "identity.users.read",
            "identity.members.read",
            roles=("staff",),
        ),
    )


@pytest.fixture
def platform(context: ServiceContext) -> Platform:
    """The platform as outsiders see it."""
    return Platform(context)


@pytest.fixture
def future(later: ServiceContext) -> Platform:
    """The platform on a clock that the test moves."""
    return Platform(later)
