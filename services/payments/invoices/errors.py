"""The problems of invoices."""

from libs.common.errors import Conflict, ValidationFailed


class InvoiceFinal(Conflict):
    """A final invoice is never changed or removed: void it, or give credit."""

    slug = "invoice-final"
    title = "The invoice is final"


class InvoiceNotPayable(Conflict):
    """The invoice is not waiting for this much money: `outstanding` says how much is due."""

    slug = "invoice-not-payable"
    title = "Not payable"


class CurrencyMismatch(ValidationFailed):
    """All amounts of an invoice are in its currency."""

    slug = "currency-mismatch"
    title = "Two currencies"
