"""The payments service on one page."""

from pathlib import Path

from libs.common.messaging.subscription import on
from libs.common.runtime.service import Service
from libs.contracts.identity import (
    ProvisioningRequested,
    RegistrationResubmitted,
    RegistrationSubmitted,
    TenantActivated,
    TenantReactivated,
    TenantSuspended,
)
from libs.contracts.orders import LatePaymentRefused, OrderCancelled, OrderPaid
from services.payments.checkouts.router import router as checkouts
from services.payments.credit_notes.router import router as credit_notes
from services.payments.db import MODELS, metadata
from services.payments.documents import models as _documents  # noqa: F401 (its tables)
from services.payments.documents.pdf import PRINTER, open_printer
from services.payments.encrypted import ENCRYPTED
from services.payments.invariants import INVARIANTS
from services.payments.invoices.handlers import on_order_paid
from services.payments.invoices.jobs import JOBS as INVOICE_JOBS
from services.payments.invoices.router import router as invoices
from services.payments.ledger.router import router as ledger
from services.payments.merchants.handlers import (
    on_provisioning_requested,
    on_registration,
    on_tenant_activated,
    on_trade,
)
from services.payments.options import router as options
from services.payments.payment_accounts.router import router as payment_accounts
from services.payments.payments.jobs import JOBS as PAYMENT_JOBS
from services.payments.payments.router import router as payments
from services.payments.privacy import PRIVACY
from services.payments.providers.http import open_http
from services.payments.providers.registry import RESOURCE, open_providers
from services.payments.providers.simulator.delivery import HTTP_RESOURCE
from services.payments.providers.simulator.delivery import JOBS as SIMULATOR_JOBS
from services.payments.providers.simulator.router import router as sandbox
from services.payments.refunds.handlers import on_late_payment_refused, on_order_cancelled
from services.payments.refunds.jobs import JOBS as REFUND_JOBS
from services.payments.refunds.router import router as refunds
from services.payments.settings import PaymentsSettings
from services.payments.subscription_plans.router import router as subscription_plans
from services.payments.subscriptions.figures import measure_billing
from services.payments.subscriptions.jobs import JOBS as SUBSCRIPTION_JOBS
from services.payments.subscriptions.router import router as subscriptions
from services.payments.webhooks.router import router as webhooks
from services.payments.webhooks.service import JOBS as WEBHOOK_JOBS

SERVICE = Service(
    name="payments",
    description="Payments, refunds, invoices and the ledger under them.",
    settings=PaymentsSettings,
    metadata=metadata,
    models=MODELS,
    migrations=Path(__file__).parent / "migrations",
    # Checkouts and webhooks stand before payments, whose paths would take theirs for an id, and so do plans before subscriptions.
    routers=(
        payment_accounts,
        checkouts,
        webhooks,
        refunds,
        payments,
        invoices,
        credit_notes,
        ledger,
        subscription_plans,
        subscriptions,
        sandbox,
        options,
    ),
    subscriptions=(
        on(OrderPaid, "payments.issues_the_invoice", on_order_paid),
        on(LatePaymentRefused, "payments.gives_late_money_back", on_late_payment_refused),
        on(OrderCancelled, "payments.gives_cancelled_money_back", on_order_cancelled),
        on(RegistrationSubmitted, "payments.learns_of_the_business", on_registration),
        on(RegistrationResubmitted, "payments.learns_what_was_corrected", on_registration),
        on(TenantActivated, "payments.learns_the_trading_name", on_tenant_activated),
        on(ProvisioningRequested, "payments.provisions_the_merchant", on_provisioning_requested),
        on((TenantSuspended, TenantReactivated), "payments.learns_who_may_trade", on_trade, is_new=True),
    ),
    jobs=(*WEBHOOK_JOBS, *PAYMENT_JOBS, *REFUND_JOBS, *INVOICE_JOBS, *SUBSCRIPTION_JOBS, *SIMULATOR_JOBS),
    resources={RESOURCE: open_providers, HTTP_RESOURCE: open_http, PRINTER: open_printer},
    permissions={
        "payments.accounts.read": "See payment accounts",
        "payments.accounts.write": "Add, change, test and remove payment accounts",
        "payments.checkouts.write": "Start paying an order",
        "payments.payments.read": "See payments",
        "payments.payments.write": "Confirm and give up payments made outside a provider",
        "payments.refunds.read": "See refunds",
        "payments.refunds.write": "Give money back",
        "payments.invoices.read": "See invoices and credit notes",
        "payments.invoices.write": "Draft, finalise, send, void and settle invoices",
        "payments.subscriptions.read": "See subscriptions and the plans they are sold by",
        "payments.subscriptions.write": "Sell, change, pause and resume subscriptions, and keep plans for them",
        "payments.subscriptions.cancel": "Cancel subscriptions",
        "payments.ledger.read": "See the ledger and its proof",
    },
    encrypted=ENCRYPTED,
    invariants=INVARIANTS,
    measures=(measure_billing,),
    privacy=PRIVACY,
)
