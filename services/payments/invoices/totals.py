"""Working out the totals of a draft."""

from collections.abc import Sequence
from typing import Any

from libs.common.errors import ValidationFailed
from libs.common.money import MAX_AMOUNT, share
from services.payments.invoices.errors import CurrencyMismatch
from services.payments.invoices.schemas import InvoiceLineIn


def minor(price: Any, currency: str) -> int:
    """The minor units of a price, which must be in this currency; 0 for None.

    Raises:
        CurrencyMismatch: it is in another one.
    """
    if price is None:
        return 0
    amount, code = (
        (price["amount"], price["currency"]) if isinstance(price, dict) else (price.amount, price.currency)
    )
    if code != currency:
        raise CurrencyMismatch(f"All amounts must be in {currency}.")
    return int(amount)


def stored_lines(lines: Sequence[Any], currency: str) -> list[dict[str, Any]]:
    """Lines as they are stored, each with its total.

    Raises:
        CurrencyMismatch: an amount is in another currency. ValidationFailed: a discount exceeds its line.
    """
    found = []
    for line in lines:
        line = InvoiceLineIn.model_validate(line)
        price, discount = minor(line.unit_price, currency), minor(line.discount, currency)
        gross = price * line.quantity
        if discount > gross:
            raise ValidationFailed("A discount is larger than its line.")
        found.append(
            {
                "description": line.description,
                "sku": line.sku,
                "quantity": line.quantity,
                "unit_price": price,
                "discount": discount,
                "total": gross - discount,
            }
        )
    return found


def tax_in_shipping(tax_included: int, goods: int, shipping: int) -> int:
    """How much of the tax that prices contain is in that of shipping, where nobody says: as much as its part of them."""
    return share(tax_included, [goods, shipping])[1]


def totals(lines: Sequence[dict[str, Any]], shipping: int, tax: int, tax_included: int) -> dict[str, int]:
    """The total columns of an invoice with these lines.

    Raises:
        ValidationFailed: the sum is beyond what can be kept, or prices would contain more tax than they come to.
    """
    subtotal = sum(line["unit_price"] * line["quantity"] for line in lines)
    discount = sum(line["discount"] for line in lines)
    total = subtotal - discount + shipping + tax
    if max(subtotal, total) > MAX_AMOUNT:
        raise ValidationFailed("The invoice is too large.")
    if tax_included > subtotal - discount + shipping:
        raise ValidationFailed("Lines and shipping come to less than the tax they are to contain.")
    return {
        "subtotal_minor": subtotal,
        "discount_minor": discount,
        "shipping_minor": shipping,
        "tax_minor": tax,
        "tax_included_minor": tax_included,
        "shipping_tax_included_minor": tax_in_shipping(tax_included, subtotal - discount, shipping),
        "total_minor": total,
    }
