"""Fixtures of the reservation tests."""

from uuid import UUID

import pytest

from libs.common.actor import system_actor
from libs.common.testing.client import Client


@pytest.fixture
def orders(client: Client, tenant_id: UUID) -> Client:
    """A client acting as the orders service in the test's tenant."""
    return client.acting(system_actor("orders", tenant_id))
