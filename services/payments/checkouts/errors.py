"""The problems of starting a payment."""

from libs.common.errors import Conflict, ValidationFailed


class OrderNotPayable(Conflict):
    """The order is not waiting to be paid: it is paid, cancelled or expired, or its payment is being settled."""

    slug = "order-not-payable"
    title = "The order cannot be paid"


class NoPaymentAccount(Conflict):
    """The business has no active payment account for the currency of the order."""

    slug = "no-payment-account"
    title = "No payment account"


class ReturnUrlRefused(ValidationFailed):
    """Buyers are sent back to http(s) addresses of this platform or of `PAYMENTS_RETURN_ORIGINS` only."""

    slug = "return-url-refused"
    title = "The return address is not allowed"
