"""The aliases that payments routers use in their signatures."""

from typing import Annotated

from fastapi import Depends

from libs.common.http.deps import provide
from services.payments.credit_notes.service import CreditNoteService
from services.payments.invoices.flows import InvoiceSettling
from services.payments.invoices.service import InvoiceService
from services.payments.ledger.service import LedgerService
from services.payments.payment_accounts.service import PaymentAccountService
from services.payments.payments.service import PaymentService
from services.payments.refunds.service import RefundService
from services.payments.subscription_plans.service import SubscriptionPlanService
from services.payments.subscriptions.flows import CatchingUp
from services.payments.subscriptions.service import SubscriptionService

CreditNotes = Annotated[CreditNoteService, Depends(provide(CreditNoteService), scope="function")]
Invoices = Annotated[InvoiceService, Depends(provide(InvoiceService), scope="function")]
Settling = Annotated[InvoiceSettling, Depends(provide(InvoiceSettling), scope="function")]
Ledger = Annotated[LedgerService, Depends(provide(LedgerService), scope="function")]
PaymentAccounts = Annotated[PaymentAccountService, Depends(provide(PaymentAccountService), scope="function")]
Payments = Annotated[PaymentService, Depends(provide(PaymentService), scope="function")]
Refunds = Annotated[RefundService, Depends(provide(RefundService), scope="function")]
SubscriptionPlans = Annotated[
    SubscriptionPlanService, Depends(provide(SubscriptionPlanService), scope="function")
]
CaughtUp = Annotated[CatchingUp, Depends(provide(CatchingUp), scope="function")]
Subscriptions = Annotated[SubscriptionService, Depends(provide(SubscriptionService), scope="function")]
