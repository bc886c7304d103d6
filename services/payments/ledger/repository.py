"""All SQL of the ledger."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    DateTime,
    Text,
    Uuid,
    and_,
    bindparam,
    column,
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import insert

from libs.common.db.direct import Direct
from libs.common.db.repository import Repository
from libs.common.ids import new_id
from libs.common.money import Money
from services.payments.ledger.chart import Account
from services.payments.ledger.models import LedgerAccount, LedgerEntry, LedgerTransaction

# An account with what is posted to it, debits positive.
Line = tuple[Account, Money]

_TENANT = bindparam("tenant_id", type_=Uuid())
_NOW = bindparam("now", type_=DateTime(timezone=True))


def _add_accounts() -> Direct:
    names = ("code", "name", "type", "currency")
    given = (
        func.unnest(
            bindparam("ids", type_=ARRAY(Uuid())), *(bindparam(name, type_=ARRAY(Text())) for name in names)
        )
        .table_valued(column("id", Uuid()), *(column(name, Text()) for name in names))
        .render_derived("given")
    )
    rows = select(_TENANT, *given.c, _NOW, _NOW).order_by(given.c.code, given.c.currency)
    columns = ["tenant_id", "id", *names, "created_at", "updated_at"]
    return Direct(
        insert(LedgerAccount)
        .from_select(columns, rows, include_defaults=False)
        .on_conflict_do_nothing(index_elements=["tenant_id", "code", "currency"])
    )


def _post() -> Direct:
    names = ("kind", "reference", "description")
    added = (
        insert(LedgerTransaction)
        .values(
            tenant_id=_TENANT,
            id=bindparam("id", type_=Uuid()),
            **{name: bindparam(name, type_=Text()) for name in names},
            occurred_at=bindparam("occurred_at", type_=DateTime(timezone=True)),
            created_at=_NOW,
            updated_at=_NOW,
            version=1,
        )
        .on_conflict_do_nothing(index_elements=["tenant_id", "kind", "reference"])
        .returning(LedgerTransaction.tenant_id, LedgerTransaction.id, LedgerTransaction.occurred_at)
        .cte("added")
    )
    line = (
        func.unnest(
            bindparam("codes", type_=ARRAY(Text())),
            bindparam("currencies", type_=ARRAY(Text())),
            bindparam("amounts", type_=ARRAY(BigInteger())),
        )
        .table_valued(
            column("code", Text()),
            column("currency", Text()),
            column("amount_minor", BigInteger()),
            with_ordinality="position",
        )
        .render_derived("line")
    )
    account = and_(
        LedgerAccount.tenant_id == _TENANT,
        LedgerAccount.code == line.c.code,
        LedgerAccount.currency == line.c.currency,
    )
    entries = {
        "tenant_id": added.c.tenant_id,
        "transaction_id": added.c.id,
        "position": line.c.position,
        "account_id": LedgerAccount.id,
        "amount_minor": line.c.amount_minor,
        "currency": line.c.currency,
        "occurred_at": added.c.occurred_at,
    }
    rows = select(*entries.values()).select_from(added.join(line, true()).join(LedgerAccount, account))
    return Direct(insert(LedgerEntry).from_select(list(entries), rows, include_defaults=False))


_ADD_ACCOUNTS, _POST = _add_accounts(), _post()


class LedgerAccountRepository(Repository[LedgerAccount]):
    """Accounts of one tenant's ledger."""

    model = LedgerAccount

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

    def post(
        self, kind: str, reference: str, description: str, occurred_at: datetime, lines: Sequence[Line]
    ) -> None:
        """Insert a transaction with its entries at the next flush, unless this kind and reference were posted already.

        Accounts are made where they are missing, in one order for all.
        """
        shared = {"tenant_id": self.uow.tenant_id, "now": self.uow.now}
        accounts = sorted(
            {(account, amount.currency) for account, amount in lines}, key=lambda one: (one[0].code, one[1])
        )
        self.uow.write(
            _ADD_ACCOUNTS,
            {
                **shared,
                "ids": [new_id() for _ in accounts],
                "code": [account.code for account, _ in accounts],
                "name": [account.name for account, _ in accounts],
                "type": [account.type.value for account, _ in accounts],
                "currency": [currency for _, currency in accounts],
            },
        )
        self.uow.write(
            _POST,
            {
                **shared,
                "id": new_id(),
                "kind": kind,
                "reference": reference,
                "description": description,
                "occurred_at": occurred_at,
                "codes": [account.code for account, _ in lines],
                "currencies": [amount.currency for _, amount in lines],
                "amounts": [amount.amount for _, amount in lines],
            },
        )

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
