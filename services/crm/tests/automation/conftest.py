"""Fixtures of the tests of automation."""

from uuid import UUID

import pytest

from libs.common.clock import ManualClock
from libs.common.testing.plugin import MakeContext
from services.crm.manifest import SERVICE
from services.crm.settings import CrmSettings
from services.crm.tests.automation.office import Office


@pytest.fixture
async def office(make_context: MakeContext, tenant_id: UUID) -> Office:
    """A business with a clock of its own, an owner who may do everything, and an identity that says so."""
    settings = CrmSettings(
        automation_runs_per_hour=6, automation_failures_in_a_row=3, automation_step_attempts=3
    )
    return Office(await make_context(SERVICE, clock=ManualClock(), settings=settings), tenant_id)
