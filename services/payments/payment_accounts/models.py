"""The rows of payment accounts."""

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import SoftDeleted, TenantRow, list_indexes
from libs.common.db.search import search_index
from services.payments.db import Base


class PaymentAccount(TenantRow, SoftDeleted, Base):
    """An account at a payment provider. `sealed_credentials` is JSON under the key ring, bound to the row's id."""

    __tablename__ = "payment_accounts"
    __table_args__ = (
        *list_indexes("payment_accounts", "provider", "currency", "is_active"),
        search_index("payments", "payment_accounts", "name"),
        # Webhooks name the account alone; the tenant is found by it.
        Index("ix_payment_accounts_id", "id"),
        Index(
            "uq_payment_accounts_active",
            "tenant_id",
            "provider",
            "currency",
            unique=True,
            postgresql_where=text("is_active AND deleted_at IS NULL"),
        ),
    )

    provider: Mapped[str]
    name: Mapped[str]
    currency: Mapped[str]
    is_active: Mapped[bool] = mapped_column(default=True)
    sealed_credentials: Mapped[str]

    @property
    def webhook_path(self) -> str:
        """Where the provider is to send its webhooks, below the public address."""
        return f"/api/v1/payments/webhooks/{self.provider}/{self.id}"
