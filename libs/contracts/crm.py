"""What crm publishes: leads, deals, tasks, requests and messages."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from libs.common.messaging.event import Event
from libs.contracts.values import DealLine, Money


class LeadCreated(Event):
    """Somebody showed interest."""

    wire_name = "crm.lead_created.v1"
    about: ClassVar[tuple[str, str]] = ("lead", "lead_id")

    lead_id: UUID
    name: str
    source: str | None = None


class LeadChanged(Event):
    """A lead's data changed; the fields hold what is true now. `deleted` says that it is gone."""

    wire_name = "crm.lead_changed.v1"
    about: ClassVar[tuple[str, str]] = ("lead", "lead_id")

    lead_id: UUID
    name: str
    status: str
    source: str | None = None
    owner_id: UUID | None = None
    deleted: bool = False


class LeadConverted(Event):
    """A lead became a company, a contact and a deal."""

    wire_name = "crm.lead_converted.v1"
    about: ClassVar[tuple[str, str]] = ("lead", "lead_id")

    lead_id: UUID
    source: str | None = None
    company_id: UUID | None = None
    contact_id: UUID | None = None
    deal_id: UUID | None = None


class DealCreated(Event):
    """An opportunity was opened."""

    wire_name = "crm.deal_created.v1"
    about: ClassVar[tuple[str, str]] = ("deal", "deal_id")

    deal_id: UUID
    name: str
    pipeline_id: UUID
    pipeline: str
    stage_id: UUID
    stage: str
    amount: Money
    source: str | None = None
    lines: list[DealLine] = []
    owner_id: UUID | None = None
    expected_close_on: date | None = None
    registration_id: UUID | None = None
    applicant_company_id: UUID | None = None


class DealMoved(Event):
    """A deal moved to another stage."""

    wire_name = "crm.deal_moved.v1"
    about: ClassVar[tuple[str, str]] = ("deal", "deal_id")

    deal_id: UUID
    name: str
    pipeline_id: UUID
    pipeline: str
    from_stage_id: UUID
    from_stage: str
    stage_id: UUID
    stage: str
    amount: Money
    source: str | None = None
    owner_id: UUID | None = None
    expected_close_on: date | None = None
    registration_id: UUID | None = None
    applicant_company_id: UUID | None = None


class DealAmountChanged(Event):
    """What an open deal may bring is another sum now."""

    wire_name = "crm.deal_amount_changed.v1"
    about: ClassVar[tuple[str, str]] = ("deal", "deal_id")

    deal_id: UUID
    name: str
    pipeline_id: UUID
    pipeline: str
    amount: Money
    source: str | None = None
    owner_id: UUID | None = None
    expected_close_on: date | None = None
    registration_id: UUID | None = None
    applicant_company_id: UUID | None = None


class DealChanged(Event):
    """A deal's data changed; the fields hold what is true now. `deleted` says that it is gone."""

    wire_name = "crm.deal_changed.v1"
    about: ClassVar[tuple[str, str]] = ("deal", "deal_id")

    deal_id: UUID
    name: str
    status: str
    pipeline_id: UUID
    pipeline: str
    stage_id: UUID
    stage: str
    amount: Money
    source: str | None = None
    owner_id: UUID | None = None
    expected_close_on: date | None = None
    deleted: bool = False
    registration_id: UUID | None = None
    applicant_company_id: UUID | None = None


class DealWon(Event):
    """A deal was won. For a registration deal, the applicant is approved by this."""

    wire_name = "crm.deal_won.v1"
    about: ClassVar[tuple[str, str]] = ("deal", "deal_id")

    deal_id: UUID
    name: str
    pipeline_id: UUID
    pipeline: str
    amount: Money
    source: str | None = None
    reason: str | None = None
    owner_id: UUID | None = None
    expected_close_on: date | None = None
    registration_id: UUID | None = None
    applicant_company_id: UUID | None = None


class DealLost(Event):
    """A deal was lost. For a registration deal, the applicant is rejected by this."""

    wire_name = "crm.deal_lost.v1"
    about: ClassVar[tuple[str, str]] = ("deal", "deal_id")

    deal_id: UUID
    name: str
    pipeline_id: UUID
    pipeline: str
    amount: Money
    source: str | None = None
    reason: str
    owner_id: UUID | None = None
    expected_close_on: date | None = None
    registration_id: UUID | None = None
    applicant_company_id: UUID | None = None


class DealReopened(Event):
    """A closed deal was opened again."""

    wire_name = "crm.deal_reopened.v1"
    about: ClassVar[tuple[str, str]] = ("deal", "deal_id")

    deal_id: UUID
    name: str
    pipeline_id: UUID
    pipeline: str
    stage_id: UUID
    stage: str
    amount: Money
    source: str | None = None
    owner_id: UUID | None = None
    expected_close_on: date | None = None
    registration_id: UUID | None = None
    applicant_company_id: UUID | None = None


class TaskAssigned(Event):
    """A task was given to a person."""

    wire_name = "crm.task_assigned.v1"
    about: ClassVar[tuple[str, str]] = ("task", "task_id")

    task_id: UUID
    name: str
    assignee_id: UUID
    assigned_by_id: UUID | None = None
    due_at: datetime | None = None
    deal_id: UUID | None = None


class TaskChanged(Event):
    """A task was added or changed; the fields hold what is true now. `deleted` says that it is gone."""

    wire_name = "crm.task_changed.v1"
    about: ClassVar[tuple[str, str]] = ("task", "task_id")

    task_id: UUID
    name: str
    status: str
    assignee_id: UUID | None = None
    due_at: datetime | None = None
    deal_id: UUID | None = None
    completed_at: datetime | None = None
    deleted: bool = False


class TaskCompleted(Event):
    """A task was done."""

    wire_name = "crm.task_completed.v1"
    about: ClassVar[tuple[str, str]] = ("task", "task_id")

    task_id: UUID
    name: str
    assignee_id: UUID | None = None
    completed_at: datetime


class MessagePosted(Event):
    """A chat message was written on an object. `recipient_ids` are those to be told, without the author."""

    wire_name = "crm.message_posted.v1"
    about: ClassVar[tuple[str, str]] = ("message", "message_id")

    message_id: UUID
    object_type: str
    object_id: UUID
    author_id: UUID | None = None
    author_name: str
    text: str
    recipient_ids: list[UUID] = []


class RequestSubmitted(Event):
    """A commercial request came in."""

    wire_name = "crm.request_submitted.v1"
    about: ClassVar[tuple[str, str]] = ("request", "request_id")

    request_id: UUID
    name: str
    source: str | None = None


class MemoSent(Event):
    """An office memo was written. `recipient_ids` are those to be told, without the author."""

    wire_name = "crm.memo_sent.v1"
    about: ClassVar[tuple[str, str]] = ("memo", "memo_id")

    memo_id: UUID
    name: str
    author_id: UUID | None = None
    author_name: str
    recipient_ids: list[UUID] = []


class RuleNotified(Event):
    """A rule of the business tells people something, as it was set up to. `user_ids` are those to be told."""

    wire_name = "crm.rule_notified.v1"
    about: ClassVar[tuple[str, str]] = ("automation_rule", "rule_id")

    rule_id: UUID
    rule_name: str
    run_id: UUID
    user_ids: list[UUID]
    title: str
    text: str = ""
    object_type: str | None = None
    object_id: UUID | None = None


class RuleDisabled(Event):
    """The platform has disabled a rule of the business, since too many of its runs in a row failed."""

    wire_name = "crm.rule_disabled.v1"
    about: ClassVar[tuple[str, str]] = ("automation_rule", "rule_id")

    rule_id: UUID
    rule_name: str
    owner_id: UUID
    reason: str
