"""The steps of checkout, the relay, payment, money back, activation and setting up."""

from deploy.e2e.proof.step import Step

TRADE: tuple[Step, ...] = (
    # Checkout.
    Step(
        "orders.checkout.reserving",
        "orders",
        "the cart is locked, nothing is reserved",
        "nothing happened; the repeat places the order",
    ),
    Step(
        "committed.catalog.stock_changed.v1",
        "catalog",
        "stock is reserved and committed, orders has no answer",
        "orders reserves again for the same order id and it is held once",
    ),
    Step(
        "orders.checkout.reserved",
        "orders",
        "catalog holds the stock, the order is not written",
        "the repeat takes over the same reservation; without one the catalog frees it in time",
    ),
    Step(
        "committing.orders.order_placed.v1",
        "orders",
        "the order is written, not committed",
        "no order and no event; the repeat places it once",
    ),
    Step(
        "committed.orders.order_placed.v1",
        "orders",
        "the order and its event are committed, the client has no answer, the relay has not run",
        "the repeat gets the first answer; the event is relayed by the next process",
    ),
    # The relay.
    Step(
        "relay.orders.claimed",
        "orders",
        "outbox rows are claimed, not published",
        "the claim ends with its transaction; the next process publishes",
    ),
    Step(
        "relay.orders.published",
        "orders",
        "events are confirmed by RabbitMQ, not marked",
        "they are published again, and each effect is had once",
    ),
    Step(
        "relay.payments.published",
        "payments",
        "events are confirmed by RabbitMQ, not marked",
        "they are published again, and each effect is had once",
    ),
    Step(
        "relay.payments.marked",
        "payments",
        "events are published and marked",
        "nothing is published twice on their account",
    ),
    # Payment.
    Step(
        "payments.checkout.intended",
        "payments",
        "the payment is written, the provider knows nothing",
        "the repeat opens the one page of this payment",
    ),
    Step(
        "payments.checkout.opened",
        "payments",
        "the provider has a page, its address is not written",
        "the repeat gets the same page by its idempotency key",
    ),
    Step(
        "payments.webhook.sent",
        "payments",
        "the webhook is delivered, the provider does not know",
        "it comes again and changes nothing",
    ),
    Step(
        "job.payments.process_webhook.claimed",
        "payments",
        "the webhook is recorded and answered, its job has not run",
        "the job comes back when its claim runs out, ten seconds at most",
    ),
    Step(
        "committing.payments.payment_succeeded.v1",
        "payments",
        "the payment is booked, not committed",
        "neither payment nor ledger entry; the job books it once",
    ),
    Step(
        "committed.payments.payment_succeeded.v1",
        "payments",
        "the payment is booked, orders does not know",
        "the event is relayed by the next process and the order is paid once",
    ),
    Step(
        "job.payments.process_webhook.finishing",
        "payments",
        "the webhook's effect and its job's end are written, not committed",
        "both are undone together and the job runs again",
    ),
    Step(
        "taken.orders.pay_order",
        "orders",
        "orders has the message in hand, nothing is written",
        "the message goes back to its queue",
    ),
    Step(
        "committed.orders.order_paid.v1",
        "orders",
        "the order is paid, catalog and payments do not know; the message is not acknowledged",
        "the message comes again and the inbox says that it was had; stock is allocated, one invoice issued",
    ),
    Step(
        "handled.orders.pay_order",
        "orders",
        "the effect is committed, the message is not acknowledged",
        "the message comes again and changes nothing",
    ),
    Step(
        "handled.catalog.allocate_stock",
        "catalog",
        "the stock is allocated, the message is not acknowledged",
        "it is allocated once",
    ),
    Step(
        "taken.payments.issues_the_invoice",
        "payments",
        "the message is in hand, no invoice is written",
        "one invoice, numbers without a gap",
    ),
    Step(
        "handled.payments.issues_the_invoice",
        "payments",
        "the invoice is issued, the message is not acknowledged",
        "one invoice, numbers without a gap",
    ),
    # Money back.
    Step(
        "payments.refund.intended",
        "payments",
        "the refund is written, the provider knows nothing",
        "the repeat, or the reconciling job, sends it once",
    ),
    Step(
        "payments.refund.sent",
        "payments",
        "the provider has given the money back, we have not written it",
        "asked again under the same key, the provider gives nothing twice",
    ),
    Step(
        "committed.payments.refund_succeeded.v1",
        "payments",
        "the refund is booked, orders does not know",
        "the order learns it once",
    ),
    Step(
        "committed.orders.order_cancelled.v1",
        "orders",
        "the order is cancelled, catalog and payments do not know",
        "its stock is freed and its money goes back, each once",
    ),
    # Activation.
    Step(
        "committed.identity.registration_submitted.v1",
        "identity",
        "the registration is committed, its owner has no answer",
        "the account exists; one deal is opened",
    ),
    Step(
        "handled.crm.open_registration_deal",
        "crm",
        "the deal is opened, the message is not acknowledged",
        "there is one deal",
    ),
    Step(
        "committed.crm.deal_won.v1",
        "crm",
        "the deal is won, the business is not active",
        "the business becomes active",
    ),
    Step(
        "taken.identity.activate_tenant",
        "identity",
        "the message is in hand, the business is not active",
        "the business becomes active",
    ),
    Step(
        "committed.identity.tenant_activated.v1",
        "identity",
        "the business is active, the other services do not know; the message is not acknowledged",
        "warehouse, pipeline and trading name follow, each once",
    ),
    # Setting up.
    Step(
        "committing.identity.provisioning_requested.v1",
        "identity",
        "the approval and the steps of setting up are written, not committed",
        "the business waits as before, and is approved and set up when the message comes again",
    ),
    Step(
        "taken.catalog.provision_product",
        "catalog",
        "the request for a step is in hand, nothing is written",
        "the message goes back to its queue",
    ),
    Step(
        "committed.catalog.step_provisioned.v1",
        "catalog",
        "the step is done, identity does not know; the message is not acknowledged",
        "identity learns it from the next process; the step is done once",
    ),
    Step(
        "committed.crm.step_provisioned.v1",
        "crm",
        "the pipeline is made, identity does not know; the message is not acknowledged",
        "identity learns it from the next process; there is one pipeline",
    ),
    Step(
        "taken.identity.note_step_provisioned",
        "identity",
        "the confirmation of a step is in hand, it is not noted",
        "the message goes back to its queue",
    ),
    Step(
        "handled.identity.note_step_provisioned",
        "identity",
        "the confirmation of a step is noted, the message is not acknowledged",
        "the message comes again and changes nothing",
    ),
)
