"""The alembic environment of the orders schema; the work is in `libs.common.db.environment`."""

from libs.common.db.environment import run_environment
from services.orders.manifest import SERVICE

run_environment(SERVICE.metadata)
