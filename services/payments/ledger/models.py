"""The rows of the ledger. Transactions and entries are never changed; the database refuses it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import TenantRow, list_indexes
from libs.common.db.search import search_index
from services.payments.columns import money
from services.payments.db import Base


class LedgerAccount(TenantRow, Base):
    """An account of the ledger, made when it is first posted to. `type` says which side it grows on."""

    __tablename__ = "ledger_accounts"
    __table_args__ = (
        *list_indexes(
            "ledger_accounts", "type", "currency", "code", order=("code",), unique=(("code", "currency"),)
        ),
        search_index("payments", "ledger_accounts", "code", "name"),
    )

    code: Mapped[str]
    name: Mapped[str]
    type: Mapped[str]
    currency: Mapped[str]


class LedgerTransaction(TenantRow, Base):
    """A balanced posting. One (kind, reference) is posted once, whatever is repeated."""

    __tablename__ = "ledger_transactions"
    __table_args__ = (
        *list_indexes("ledger_transactions", "kind", "reference", unique=(("kind", "reference"),)),
        Index("ix_ledger_transactions_occurred_at", "tenant_id", "occurred_at", "id"),
        search_index("payments", "ledger_transactions", "description"),
    )

    kind: Mapped[str]
    reference: Mapped[str]
    description: Mapped[str]
    occurred_at: Mapped[datetime]


class LedgerEntry(Base):
    """One side of a posting: minor units, positive on the debit side, negative on the credit side."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "transaction_id"],
            ["payments.ledger_transactions.tenant_id", "payments.ledger_transactions.id"],
        ),
        ForeignKeyConstraint(
            ["tenant_id", "account_id"],
            ["payments.ledger_accounts.tenant_id", "payments.ledger_accounts.id"],
        ),
        Index("ix_ledger_entries_account", "tenant_id", "account_id", "occurred_at"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    transaction_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    occurred_at: Mapped[datetime]

    amount = money("amount_minor")
