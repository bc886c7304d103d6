"""The rules of the ledger: every posting balances, is made once, and is undone by a counter-posting only."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.filters import ListQuery
from libs.common.money import Money, Total
from libs.common.resource import ResourceService
from services.payments.ledger.models import LedgerAccount, LedgerTransaction
from services.payments.ledger.repository import (
    LedgerAccountRepository,
    LedgerTransactionRepository,
    Line,
)


class Unbalanced(Exception):
    """The entries of a posting do not add up to zero: a fault of the code that made them."""


class LedgerService(ResourceService[LedgerTransaction]):
    """Posts transactions and shows them."""

    repository = LedgerTransactionRepository
    noun = "ledger transaction"
    rows: LedgerTransactionRepository

    def __init__(self, uow: UnitOfWork) -> None:
        super().__init__(uow)
        self.accounts = LedgerAccountRepository(uow)

    def post(
        self,
        kind: str,
        reference: UUID | str,
        description: str,
        lines: Sequence[Line],
        *,
        occurred_at: datetime | None = None,
    ) -> None:
        """Post entries with the next flush, debits positive; a kind and reference that were posted before stay as they are.

        Raises:
            Unbalanced: the entries do not add up to zero in each currency.
        """
        lines = [(account, amount) for account, amount in lines if amount.amount]
        sums: dict[str, int] = defaultdict(int)
        for _, amount in lines:
            sums[amount.currency] += amount.amount
        if any(sums.values()):
            raise Unbalanced(f"{kind} {reference}: {dict(sums)}")
        if lines:
            self.rows.post(kind, str(reference), description, occurred_at or self.uow.now, lines)

    async def list(self, query: ListQuery) -> dict[str, Any]:
        """One page of transactions with their entries, in two queries."""
        rows, cursor = await self.rows.page(query)
        return {"items": await self._with_entries(rows), "next_cursor": cursor}

    async def read(self, transaction_id: UUID) -> dict[str, Any]:
        """One transaction with its entries."""
        return (await self._with_entries([await self.get(transaction_id)]))[0]

    async def list_accounts(self, query: ListQuery, at: datetime | None) -> dict[str, Any]:
        """One page of accounts with their balances as of a time (now, where none is named)."""
        rows, cursor = await self.accounts.page(query)
        return {"items": await self._with_balances(rows, at), "next_cursor": cursor}

    async def proof(self) -> dict[str, Any]:
        """Whether the ledger adds up to zero, and what was counted."""
        totals = await self.rows.totals()
        breaches = await self.rows.unbalanced()
        return {
            "is_balanced": not breaches and all(total == 0 for _, total, _, _ in totals),
            "currencies": [
                {"currency": c, "sum": Total(amount=s, currency=c), "entries": e, "transactions": t}
                for c, s, e, t in totals
            ],
            "breaches": breaches,
        }

    async def _with_entries(self, rows: Sequence[LedgerTransaction]) -> Sequence[dict[str, Any]]:
        entries = _by_transaction()
        for entry, account in await self.rows.entries([row.id for row in rows]):
            entries[entry.transaction_id].append(
                {
                    "account_id": account.id,
                    "account_code": account.code,
                    "debit": entry.amount if entry.amount_minor > 0 else None,
                    "credit": Money(amount=-entry.amount_minor, currency=entry.currency)
                    if entry.amount_minor < 0
                    else None,
                }
            )
        names = ("id", "kind", "reference", "description", "occurred_at", "created_at")
        return [{name: getattr(row, name) for name in names} | {"entries": entries[row.id]} for row in rows]

    async def _with_balances(
        self, rows: Sequence[LedgerAccount], at: datetime | None
    ) -> Sequence[dict[str, Any]]:
        sums = await self.accounts.balances([row.id for row in rows], at)
        return [
            {name: getattr(row, name) for name in ("id", "code", "name", "type", "currency", "created_at")}
            | {"balance": Total(amount=sums.get(row.id, 0), currency=row.currency)}
            for row in rows
        ]


def _by_transaction() -> dict[UUID, list[dict[str, Any]]]:
    return defaultdict(list)
