"""All SQL of the ledger."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from libs.common.db.repository import Repository
from libs.common.ids import new_id
from services.payments.ledger.chart import Account
from services.payments.ledger.models import LedgerAccount, LedgerEntry, LedgerTransaction


class LedgerAccountRepository(Repository[LedgerAccount]):
    """Accounts of one tenant's ledger."""

    model = LedgerAccount

    async def ids(self, wanted: Iterable[tuple[Account, str]]) -> dict[tuple[str, str], UUID]:
        """The ids of accounts by code and currency, made where they are missing, in one order for all."""
        wanted = sorted(set(wanted), key=lambda pair: (pair[0].code, pair[1]))
        rows = [
            {
                "tenant_id": self.uow.tenant_id,
                "id": new_id(),
                "code": account.code,
                "name": account.name,
                "type": account.type.value,
                "currency": currency,
                "created_at": self.uow.now,
                "updated_at": self.uow.now,
            }
            for account, currency in wanted
        ]
        await self.session.execute(insert(LedgerAccount).values(rows).on_conflict_do_nothing())
        codes = {account.code for account, _ in wanted}
        found = await self.find_all(LedgerAccount.code.in_(codes))
        return {(row.code, row.currency): row.id for row in found}

    async def balances(self, account_ids: Sequence[UUID], at: datetime | None) -> dict[UUID, int]:
        """The sum of the entries of each account, debits positive, up to and including a time."""
        statement = (
            select(LedgerEntry.account_id, func.sum(LedgerEntry.amount_minor))
            .where(LedgerEntry.tenant_id == self.uow.tenant_id, LedgerEntry.account_id.in_(account_ids))
            .group_by(LedgerEntry.account_id)
        )
        if at is not None:
            statement = statement.where(LedgerEntry.occurred_at <= at)
        return {row[0]: int(row[1]) for row in await self.session.execute(statement)}


class LedgerTransactionRepository(Repository[LedgerTransaction]):
    """Transactions of one tenant's ledger."""

    model = LedgerTransaction

    async def insert(self, kind: str, reference: str, description: str, occurred_at: datetime) -> UUID | None:
        """Insert a transaction; None where this kind and reference were posted already."""
        statement = (
            insert(LedgerTransaction)
            .values(
                tenant_id=self.uow.tenant_id,
                id=new_id(),
                kind=kind,
                reference=reference,
                description=description,
                occurred_at=occurred_at,
                created_at=self.uow.now,
                updated_at=self.uow.now,
            )
            .on_conflict_do_nothing()
            .returning(LedgerTransaction.id)
        )
        return (await self.session.execute(statement)).scalar_one_or_none()

    async def insert_entries(self, rows: list[dict[str, Any]]) -> None:
        """Insert the entries of a transaction."""
        await self.session.execute(insert(LedgerEntry), rows)

    async def entries(self, transaction_ids: Sequence[UUID]) -> list[tuple[LedgerEntry, LedgerAccount]]:
        """The entries of these transactions with their accounts, in order."""
        statement = (
            select(LedgerEntry, LedgerAccount)
            .join(
                LedgerAccount,
                (LedgerAccount.tenant_id == LedgerEntry.tenant_id)
                & (LedgerAccount.id == LedgerEntry.account_id),
            )
            .where(
                LedgerEntry.tenant_id == self.uow.tenant_id, LedgerEntry.transaction_id.in_(transaction_ids)
            )
            .order_by(LedgerEntry.transaction_id, LedgerEntry.position)
        )
        return [(row[0], row[1]) for row in await self.session.execute(statement)]

    async def totals(self) -> list[tuple[str, int, int, int]]:
        """By currency: the sum of all entries, how many entries, and in how many transactions."""
        statement = (
            select(
                LedgerEntry.currency,
                func.sum(LedgerEntry.amount_minor),
                func.count(),
                func.count(LedgerEntry.transaction_id.distinct()),
            )
            .where(LedgerEntry.tenant_id == self.uow.tenant_id)
            .group_by(LedgerEntry.currency)
            .order_by(LedgerEntry.currency)
        )
        return [(row[0], int(row[1]), row[2], row[3]) for row in await self.session.execute(statement)]

    async def unbalanced(self, limit: int = 20) -> list[UUID]:
        """Transactions whose entries do not add up to zero in some currency; none, unless the guard was removed."""
        statement = (
            select(LedgerEntry.transaction_id)
            .where(LedgerEntry.tenant_id == self.uow.tenant_id)
            .group_by(LedgerEntry.transaction_id, LedgerEntry.currency)
            .having(func.sum(LedgerEntry.amount_minor) != 0)
            .limit(limit)
        )
        return list((await self.session.execute(statement)).scalars())
