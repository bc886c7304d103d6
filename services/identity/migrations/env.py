"""The alembic environment of the identity schema; the work is in `libs.common.db.migrate`."""

from libs.common.db.migrate import run_environment
from services.identity.manifest import SERVICE

run_environment(SERVICE.metadata)
