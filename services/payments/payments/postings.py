"""What payments and refunds post to the ledger."""

from libs.common.money import Money
from services.payments.ledger.chart import RECEIVABLE, cash
from services.payments.ledger.repository import Line


def negative(amount: Money) -> Money:
    """The same amount on the credit side."""
    return Money(amount=-amount.amount, currency=amount.currency)


def of_payment(provider: str, amount: Money) -> list[Line]:
    """Money came in; the customer owes that much less."""
    return [(cash(provider), amount), (RECEIVABLE, negative(amount))]


def of_refund(provider: str, amount: Money) -> list[Line]:
    """Money went out; the customer's account is charged with it until the credit note."""
    return [(RECEIVABLE, amount), (cash(provider), negative(amount))]
