"""Bodies and queries of the ledger."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from libs.common.filters import Custom, ListQuery
from libs.common.money import Money, Total
from libs.common.schema import OutSchema


class LedgerAccountOut(OutSchema):
    """An account with its balance; debits are positive, credits negative."""

    id: UUID
    code: str
    name: str
    type: str
    currency: str
    balance: Total
    created_at: datetime


class LedgerEntryOut(OutSchema):
    """One side of a posting: a debit or a credit."""

    account_id: UUID
    account_code: str
    debit: Money | None
    credit: Money | None


class LedgerTransactionOut(OutSchema):
    """A posting. `reference` is the id of what it is about: a payment, an invoice, a refund, a credit note."""

    id: UUID
    kind: str
    reference: str
    description: str
    occurred_at: datetime
    created_at: datetime
    entries: list[LedgerEntryOut]


class CurrencyProof(OutSchema):
    """What all entries of one currency add up to."""

    currency: str
    sum: Total
    entries: int
    transactions: int


class LedgerProof(OutSchema):
    """Whether the ledger adds up: the sum is zero in every currency and in every transaction."""

    is_balanced: bool
    currencies: list[CurrencyProof]
    breaches: list[UUID] = Field(description="Transactions that do not add up to zero; at most 20 are named")


class LedgerAccountQuery(ListQuery):
    """How to list accounts."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "code")
    default_order: ClassVar[str] = "code"
    searchable: ClassVar[tuple[str, ...]] = ("code", "name")

    type: list[str] | None = None
    currency: list[str] | None = None
    code: list[str] | None = None
    at: Annotated[
        datetime | None, Custom(), Field(description="Balances as of this time; now by default")
    ] = None


class LedgerTransactionQuery(ListQuery):
    """How to list transactions."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "occurred_at")
    searchable: ClassVar[tuple[str, ...]] = ("description",)
    named_by: ClassVar[tuple[str, ...]] = ("reference",)

    kind: list[str] | None = None
    reference: list[str] | None = None
    occurred_at_from: datetime | None = None
    occurred_at_to: datetime | None = None
