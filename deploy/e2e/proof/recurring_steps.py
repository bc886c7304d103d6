"""The steps of what goes on by itself: renewals, rules, closing, answers and forecasts."""

from deploy.e2e.proof.step import Step

RECURRING: tuple[Step, ...] = (
    # Renewals.
    Step(
        "committed.payments.subscription_started.v1",
        "payments",
        "the subscription is sold and its first periods are billed, its business has no answer",
        "the repeat gets the first answer; nothing is sold or billed twice",
    ),
    Step(
        "job.payments.sweep_subscriptions.finishing",
        "payments",
        "what is due is found and its jobs are written, not committed",
        "the next sweep finds it again",
    ),
    Step(
        "job.payments.advance_subscription.claimed",
        "payments",
        "a subscription is due, nothing is billed",
        "the job comes back when its claim runs out, ten seconds at most",
    ),
    Step(
        "payments.subscription.invoiced",
        "payments",
        "the invoice has its number, the period is not counted, nothing is committed",
        "the number is free again; the period is billed once",
    ),
    Step(
        "committing.payments.subscription_renewed.v1",
        "payments",
        "the period is billed and counted, not committed",
        "the job bills it once",
    ),
    Step(
        "committed.payments.subscription_renewed.v1",
        "payments",
        "the period is billed, nobody has been told",
        "the event is relayed by the next process; the period has one invoice",
    ),
    Step(
        "committing.payments.subscription_past_due.v1",
        "payments",
        "the subscription is behind and its customer reminded, not committed",
        "the job does it once: one notice, one reminder, one end",
    ),
    Step(
        "committed.payments.subscription_past_due.v1",
        "payments",
        "the subscription is behind, its customer has no mail",
        "the event is relayed by the next process; nothing is told twice",
    ),
    # Rules.
    Step(
        "taken.crm.start_rules",
        "crm",
        "the events are in hand, no rule has heard them",
        "the messages go back to their queue",
    ),
    Step(
        "handled.crm.start_rules",
        "crm",
        "the jobs that begin the runs are committed, the messages are not acknowledged",
        "the messages come again and change nothing; each event has one run of a rule",
    ),
    Step(
        "job.crm.start_automation_run.finishing",
        "crm",
        "the run is begun and its first actions have had their effect, not committed",
        "the job begins it once, with one effect of each action",
    ),
    Step(
        "job.crm.advance_automation_run.claimed",
        "crm",
        "the action's turn has come, nothing is done",
        "the job comes back when its claim runs out, ten seconds at most",
    ),
    Step(
        "crm.automation.performed",
        "crm",
        "the action has had its effect, not committed",
        "the effect is undone with the rest, and had once",
    ),
    Step(
        "job.crm.advance_automation_run.finishing",
        "crm",
        "the actions have had their effect and the run has moved on, not committed",
        "the effects are undone with the rest, and had once",
    ),
    # Closing. The services are asked only ten minutes later, which a test of its own looks at.
    Step(
        "committed.identity.tenant_erasure_due.v1",
        "identity",
        "the business is marked for erasure and every service is to be asked, none has been told",
        "there is one erasure, with one receipt for each service",
    ),
    # The assistant and forecasts.
    Step(
        "analytics.assistant.asked",
        "analytics",
        "the question is written down, nothing is answered",
        "the repeat gets one answer, when the claim of the first has run out at the latest",
    ),
    Step(
        "forecasts.computed",
        "analytics",
        "a batch of forecasts is computed, none of it is written",
        "the batch is computed again; nobody sees half of a run",
    ),
)
