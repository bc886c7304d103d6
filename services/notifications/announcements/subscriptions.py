"""Everything that people are told of."""

from libs.common.messaging.subscription import in_batches, on, retired
from libs.contracts.analytics import AnomalyDetected
from libs.contracts.catalog import StockLow
from libs.contracts.crm import DealLost, DealWon, MessagePosted, RuleDisabled, RuleNotified, TaskAssigned
from libs.contracts.identity import (
    DomainProofMissing,
    InvitationSent,
    OneTimeLinkMade,
    RegistrationAssigned,
    RegistrationChangesRequested,
    RegistrationEscalated,
    RegistrationRejected,
    RegistrationResubmitted,
    RegistrationSubmitted,
    StatusLinkRenewed,
    TenantActivated,
)
from libs.contracts.orders import (
    OrderCancelled,
    OrderExpired,
    OrderPaid,
    OrderPlaced,
    ShipmentCreated,
    ShipmentUpdated,
)
from libs.contracts.payments import (
    InvoiceIssued,
    PaymentFailed,
    RefundSucceeded,
    SubscriptionCancelled,
    SubscriptionPastDue,
)
from services.notifications.announcements.handlers import (
    analytics,
    catalog,
    crm,
    identity,
    orders,
    payments,
    registrations,
    subscriptions,
)

# Of release 0.1.0, which did each in a transaction of its own.
_OF_ORDER = (
    "notifications.keep_order_contact",
    "notifications.confirm_order",
    "notifications.announce_order",
)
_OF_PAYMENT = ("notifications.confirm_payment", "notifications.announce_payment")

SUBSCRIPTIONS = (
    on(RegistrationSubmitted, "notifications.announce_registration", identity.on_registration_submitted),
    on(
        RegistrationSubmitted,
        "notifications.mail_applicant",
        registrations.on_registration_submitted,
        is_new=True,
    ),
    on(
        RegistrationChangesRequested,
        "notifications.tell_what_is_asked_for",
        registrations.on_changes_requested,
    ),
    on(StatusLinkRenewed, "notifications.mail_status_link", registrations.on_status_link_renewed),
    on(
        (RegistrationResubmitted, RegistrationAssigned, RegistrationEscalated),
        "notifications.tell_reviewers",
        registrations.on_turn_of_reviewers,
    ),
    on(TenantActivated, "notifications.announce_activation", identity.on_tenant_activated),
    on(RegistrationRejected, "notifications.announce_rejection", identity.on_registration_rejected),
    on(
        DomainProofMissing,
        "notifications.announce_missing_proof",
        identity.on_domain_proof_missing,
        is_new=True,
    ),
    on(InvitationSent, "notifications.mail_invitation", identity.on_invitation_sent),
    on(OneTimeLinkMade, "notifications.mail_one_time_link", identity.on_one_time_link_made),
    on(MessagePosted, "notifications.announce_message", crm.on_message_posted),
    on(TaskAssigned, "notifications.announce_task", crm.on_task_assigned),
    on((DealWon, DealLost), "notifications.announce_deal", crm.on_deal_closed),
    on(RuleNotified, "notifications.tell_for_rule", crm.on_rule_notified, is_new=True),
    on(RuleDisabled, "notifications.tell_of_disabled_rule", crm.on_rule_disabled, is_new=True),
    in_batches(
        (OrderPlaced,),
        "notifications.tell_of_order",
        orders.on_orders_placed,
        spacing=0.5,
        replaces=_OF_ORDER,
    ),
    in_batches(
        (OrderPaid,),
        "notifications.tell_of_payment",
        orders.on_orders_paid,
        spacing=0.5,
        replaces=_OF_PAYMENT,
    ),
    *(retired((OrderPlaced,), name, orders.on_orders_placed) for name in _OF_ORDER),
    *(retired((OrderPaid,), name, orders.on_orders_paid) for name in _OF_PAYMENT),
    on((OrderCancelled, OrderExpired), "notifications.mail_order_end", orders.on_order_closed),
    on((ShipmentCreated, ShipmentUpdated), "notifications.mail_shipment", orders.on_shipment),
    on(PaymentFailed, "notifications.mail_payment_failure", payments.on_payment_failed),
    on(RefundSucceeded, "notifications.mail_refund", payments.on_refund_succeeded),
    on(InvoiceIssued, "notifications.mail_invoice", payments.on_invoice_issued),
    on(
        SubscriptionPastDue,
        "notifications.remind_of_subscription",
        subscriptions.on_subscription_past_due,
        is_new=True,
    ),
    on(
        SubscriptionCancelled,
        "notifications.mail_end_of_subscription",
        subscriptions.on_subscription_cancelled,
        is_new=True,
    ),
    on(StockLow, "notifications.announce_low_stock", catalog.on_stock_low),
    on(AnomalyDetected, "notifications.announce_anomaly", analytics.on_anomaly_detected),
)
