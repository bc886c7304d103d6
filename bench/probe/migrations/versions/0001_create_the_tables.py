"""Create the tables."""

from alembic import op

from bench.probe.service import metadata
from libs.common.db.tenancy import is_isolated

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    metadata.create_all(op.get_bind())
    for table in metadata.sorted_tables:
        if is_isolated(table):
            op.isolate_tenants(table.name, schema=table.schema)
