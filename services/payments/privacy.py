"""Which columns of this service are about people. Books stay as they are; what is no book is erased."""

from libs.common.privacy.fields import BOOKS, NOBODY, Kind, PrivacyMap, TableMap, erase, keep, pseudonymise

_ROW = "tenant_id id created_at updated_at version"
_REFERENCE = keep(Kind.IDENTIFIER, NOBODY)
_BUYER = {
    "email": keep(Kind.CONTACT, BOOKS),
    "customer_name": keep(Kind.NAME, BOOKS),
    "customer_user_id": keep(Kind.IDENTIFIER, BOOKS),
    "billing_address": keep(Kind.CONTACT, BOOKS),
}
_SANDBOX = "stands in for a provider where nobody pays: it holds no real person"

PRIVACY: PrivacyMap = {
    "document_counters": TableMap(
        none="tenant_id series last",
        stays=BOOKS,
    ),
    "invoices": TableMap(
        none=f"{_ROW} number status order_id order_number payment_id currency lines subtotal_minor discount_minor"
        " shipping_minor tax_minor tax_included_minor shipping_tax_included_minor total_minor paid_minor credited_minor"
        " seller due_on issued_at sent_at voided_at overdue_at subscription_id subscription_period period_start period_end",
        fields={**_BUYER, "notes": keep(Kind.CONTENT, BOOKS)},
        user=("customer_user_id",),
        email=("email",),
        stays=BOOKS,
    ),
    "credit_notes": TableMap(
        none=f"{_ROW} number invoice_id invoice_number order_id refund_id currency goods_minor shipping_minor tax_minor"
        " tax_included_minor shipping_tax_included_minor total_minor reason seller issued_at",
        fields=_BUYER,
        user=("customer_user_id",),
        email=("email",),
        stays=BOOKS,
    ),
    "ledger_accounts": TableMap(
        none=f"{_ROW} code name type currency",
        stays=BOOKS,
    ),
    "ledger_transactions": TableMap(
        none=f"{_ROW} kind reference description occurred_at",
        stays=BOOKS,
    ),
    "ledger_entries": TableMap(
        none="tenant_id transaction_id position account_id amount_minor currency occurred_at",
        stays=BOOKS,
    ),
    # Businesses, as their invoices show them.
    "merchants": TableMap(
        none="tenant_id name email registration_number phone website address country is_stopped stopped_or_not_at"
    ),
    "payment_accounts": TableMap(
        none=f"{_ROW} deleted_at provider name currency is_active sealed_credentials"
    ),
    "payments": TableMap(
        none=f"{_ROW} order_id order_number account_id provider status amount_minor currency refunded_minor"
        " merchant_name checkout_id provider_payment_id redirect_url instructions failure_reason suspicion"
        " succeeded_at check_at checks",
        fields={
            "email": pseudonymise(Kind.CONTACT),
            "customer_user_id": _REFERENCE,
            "customer_name": pseudonymise(Kind.NAME),
            "return_url": erase(Kind.CONTENT),
        },
        user=("customer_user_id",),
        email=("email",),
        stays=BOOKS,
    ),
    "refunds": TableMap(
        none=f"{_ROW} payment_id order_id status amount_minor currency reason failure_reason request_key cause"
        " provider_refund_id credit_note_id succeeded_at check_at checks",
        stays=BOOKS,
    ),
    "sandbox_checkouts": TableMap(
        none=f"{_ROW} account_id code idempotency_key request_hash reference status amount_minor currency refunded_minor"
        " description merchant_name return_url payment_code reason"
    ),
    "sandbox_deliveries": TableMap(
        none=f"{_ROW} account_id message_id attempts next_attempt_at delivered_at given_up_at last_answer",
        fields={"body": keep(Kind.CONTENT, _SANDBOX)},
    ),
    "sandbox_refunds": TableMap(
        none=f"{_ROW} checkout_id code idempotency_key reference status amount_minor currency reason"
    ),
    # The contracts that invoices are made by.
    "subscription_adjustments": TableMap(
        none=f"{_ROW} subscription_id kind description currency amount_minor price_minor rest_seconds period_seconds"
        " remainder period invoice_id",
        stays=BOOKS,
    ),
    "subscription_plans": TableMap(
        none=f"{_ROW} deleted_at name description amount_minor currency interval interval_count trial_days is_active"
    ),
    "subscriptions": TableMap(
        none=f"{_ROW} deleted_at status plan_id plan_name amount_minor currency interval interval_count trial_days"
        " quantity tax_rate_ppm due_days cycles dunning starts_at trial_ends_at anchor_at anchored_period period"
        " current_period_start current_period_end priced_at next_billing_at due_at cancel_at_period_end cancelled_at"
        " ended_at paused_at resumes_at pending_change dunning_invoice_id dunning_step latest_invoice_id"
        " billed_version unbilled_version",
        fields={
            **_BUYER,
            "notes": keep(Kind.CONTENT, BOOKS),
            "cancel_reason": keep(Kind.CONTENT, BOOKS),
        },
        user=("customer_user_id",),
        email=("email",),
        stays=BOOKS,
    ),
    "webhook_deliveries": TableMap(
        none=f"{_ROW} account_id provider message_id event_id notice outcome processed_at",
        fields={"headers": keep(Kind.CONTENT, BOOKS), "body": keep(Kind.CONTENT, BOOKS)},
        stays=BOOKS,
    ),
}
