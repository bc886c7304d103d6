"""The alembic environment of the crm schema; the work is in `libs.common.db.environment`."""

from libs.common.db.environment import run_environment
from services.crm.manifest import SERVICE

run_environment(SERVICE.metadata)
