"""The alembic environment of the probe."""

from bench.probe.service import metadata
from libs.common.db.environment import run_environment

run_environment(metadata)
