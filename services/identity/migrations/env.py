"""The alembic environment of the identity schema; the work is in `libs.common.db.environment`."""

from libs.common.db.environment import run_environment
from services.identity.manifest import SERVICE

run_environment(SERVICE.metadata)
