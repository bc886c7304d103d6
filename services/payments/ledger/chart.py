"""The chart of accounts: which accounts there are and what kind each is."""

from dataclasses import dataclass
from enum import StrEnum


class AccountType(StrEnum):
    """The side an account grows on: assets and expenses by debits, the others by credits."""

    ASSET = "asset"
    LIABILITY = "liability"
    REVENUE = "revenue"
    CONTRA_REVENUE = "contra_revenue"


@dataclass(frozen=True, slots=True)
class Account:
    """An account as postings name it."""

    code: str
    name: str
    type: AccountType


RECEIVABLE = Account("receivable", "Owed by customers", AccountType.ASSET)
REVENUE = Account("revenue", "Sales", AccountType.REVENUE)
SHIPPING_REVENUE = Account("revenue:shipping", "Shipping charged", AccountType.REVENUE)
TAX_PAYABLE = Account("tax:payable", "Tax owed", AccountType.LIABILITY)
REFUNDS = Account("revenue:refunds", "Sales given back", AccountType.CONTRA_REVENUE)


def cash(method: str) -> Account:
    """Money held through a provider or a method of payment."""
    return Account(f"cash:{method}", f"Money through {method}", AccountType.ASSET)
