"""Search stock movements and assigned products."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_search_index_online("assigned_products", ["sku", "name"], schema="catalog")
    op.create_search_index_online("movements", ["reason"], schema="catalog")
    op.create_search_index_online("variants", ["sku"], schema="catalog")


def downgrade() -> None:
    op.drop_index_online("ix_variants_search", schema="catalog")
    op.drop_index_online("ix_movements_search", schema="catalog")
    op.drop_index_online("ix_assigned_products_search", schema="catalog")
