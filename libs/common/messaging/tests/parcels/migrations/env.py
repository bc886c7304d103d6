"""The alembic environment of the test service."""

from libs.common.db.environment import run_environment
from libs.common.messaging.tests.parcels.service import metadata

run_environment(metadata)
