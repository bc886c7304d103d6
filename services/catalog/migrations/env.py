"""The alembic environment of the catalog schema; the work is in `libs.common.db.environment`."""

from libs.common.db.environment import run_environment
from services.catalog.manifest import SERVICE

run_environment(SERVICE.metadata)
