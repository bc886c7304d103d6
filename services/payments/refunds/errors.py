"""The problems of refunds."""

from libs.common.errors import Conflict


class RefundExceedsPayment(Conflict):
    """More than is left of the payment; `refundable` says how much is, refunds under way deducted."""

    slug = "refund-exceeds-payment"
    title = "More than is left of the payment"


class PaymentNotRefundable(Conflict):
    """Nothing of this payment can be given back: it has not succeeded, or all of it was given back."""

    slug = "payment-not-refundable"
    title = "Nothing to give back"
