"""The kinds of notifications, each with the channels it may take."""

from dataclasses import dataclass
from enum import StrEnum


class ChannelName(StrEnum):
    """The ways to a person."""

    IN_APP = "in_app"
    EMAIL = "email"
    PUSH = "push"


_IN_APP, _EMAIL, _PUSH = ChannelName.IN_APP, ChannelName.EMAIL, ChannelName.PUSH


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of notification; `label` is what a settings page shows."""

    name: str
    label: str
    channels: tuple[ChannelName, ...]
    # Whether the person has asked for it, so that it cannot be turned off.
    is_asked_for: bool = False


_KINDS = (
    Kind("registration_submitted", "A business asks to join", (_IN_APP, _PUSH)),
    Kind("registration_received", "Your registration was received", (_EMAIL,)),
    Kind("registration_changes_requested", "Your registration needs something", (_IN_APP, _EMAIL)),
    Kind("registration_link_renewed", "A new link to your registration", (_EMAIL,)),
    Kind("registration_resubmitted", "A registration was handed in again", (_IN_APP, _PUSH)),
    Kind("registration_assigned", "A registration was given to you", (_IN_APP, _PUSH)),
    Kind("registration_escalated", "A registration waits too long", (_IN_APP, _EMAIL, _PUSH)),
    Kind("company_activated", "The business was approved", (_IN_APP, _EMAIL, _PUSH)),
    Kind("company_rejected", "The registration was rejected", (_EMAIL,)),
    Kind("domain_proof_missing", "A host name of the business is not proven any more", (_IN_APP, _EMAIL)),
    Kind("deal_update", "A deal was won or lost", (_IN_APP, _PUSH)),
    Kind("task_assigned", "A task was given to you", (_IN_APP, _PUSH)),
    Kind("message_posted", "Somebody wrote a message", (_IN_APP, _PUSH)),
    Kind("rule_notice", "A rule of the business tells you something", (_IN_APP, _PUSH)),
    Kind("rule_disabled", "A rule of yours was disabled", (_IN_APP, _EMAIL)),
    Kind("order_received", "The shop has a new order", (_IN_APP,)),
    Kind("payment_received", "An order of the shop was paid", (_IN_APP, _PUSH)),
    Kind("stock_low", "Stock is running low", (_IN_APP,)),
    Kind("anomaly_detected", "A figure of the business was unusual", (_IN_APP,)),
    Kind("order_placed", "Your order was received", (_EMAIL,)),
    Kind("order_paid", "Your order is paid", (_EMAIL,)),
    Kind("order_shipped", "Your order was sent", (_EMAIL,)),
    Kind("order_delivered", "Your parcel arrived", (_EMAIL,)),
    Kind("order_cancelled", "Your order was cancelled", (_EMAIL,)),
    Kind("order_expired", "Your order expired", (_EMAIL,)),
    Kind("payment_failed", "Your payment failed", (_EMAIL,)),
    Kind("refund_succeeded", "Money was given back", (_EMAIL,)),
    Kind("invoice_issued", "An invoice was issued", (_EMAIL,)),
    Kind("subscription_reminder", "An invoice of your subscription is overdue", (_EMAIL,)),
    Kind("subscription_cancelled", "Your subscription has ended", (_EMAIL,)),
    Kind("password_reset", "A new password", (_EMAIL,), is_asked_for=True),
    Kind("email_verification", "Is this your address?", (_EMAIL,), is_asked_for=True),
    Kind("invitation", "Somebody invites you to a business", (_EMAIL,), is_asked_for=True),
    Kind("magic_link", "A link to sign in by", (_EMAIL,), is_asked_for=True),
)

KINDS: dict[str, Kind] = {kind.name: kind for kind in _KINDS}
