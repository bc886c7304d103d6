"""The alembic environment of the orders schema; the work is in `libs.common.db.migrate`."""

from libs.common.db.migrate import run_environment
from services.orders.manifest import SERVICE

run_environment(SERVICE.metadata)
