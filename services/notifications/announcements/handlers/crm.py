"""What people are told of deals, tasks and messages."""

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.contracts.crm import DealLost, DealWon, MessagePosted, RuleDisabled, RuleNotified, TaskAssigned
from services.notifications.announcements.handlers.audience import members, shop_staff
from services.notifications.announcements.service import About, Announcer

# As much of a message as a notice shows.
EXCERPT = 300


async def on_message_posted(event: MessagePosted, uow: UnitOfWork, envelope: Envelope) -> None:
    """Tell those whom a message is for, but not its author."""
    readers = [user_id for user_id in event.recipient_ids if user_id != event.author_id]
    variables = {
        "message": {"author": event.author_name, "text": event.text[:EXCERPT]},
        "object": {"type": event.object_type},
    }
    about = About(event.object_type, event.object_id, f"/{event.object_type}s/{event.object_id}")
    await Announcer(uow).tell(
        "message_posted", await members(uow, readers), variables, key=str(envelope.id), about=about
    )


async def on_task_assigned(event: TaskAssigned, uow: UnitOfWork, envelope: Envelope) -> None:
    """Tell a person of the task he got."""
    variables = {"task": {"name": event.name, "due_at": event.due_at.isoformat() if event.due_at else None}}
    about = About("task", event.task_id, f"/tasks/{event.task_id}")
    await Announcer(uow).tell(
        "task_assigned", await members(uow, [event.assignee_id]), variables, key=str(envelope.id), about=about
    )


async def on_deal_closed(event: DealWon | DealLost, uow: UnitOfWork, envelope: Envelope) -> None:
    """Tell the staff how a deal ended."""
    variables = {
        "deal": {
            "name": event.name,
            "amount": str(event.amount),
            "result": "won" if isinstance(event, DealWon) else "lost",
            "reason": event.reason,
        }
    }
    about = About("deal", event.deal_id, f"/deals/{event.deal_id}")
    await Announcer(uow).tell(
        "deal_update", await shop_staff(uow, envelope), variables, key=str(envelope.id), about=about
    )


async def on_rule_notified(event: RuleNotified, uow: UnitOfWork, envelope: Envelope) -> None:
    """Tell people what a rule of the business has to say."""
    about = None
    if event.object_type is not None and event.object_id is not None:
        about = About(event.object_type, event.object_id, f"/{event.object_type}s/{event.object_id}")
    variables = {"notice": {"title": event.title, "text": event.text}}
    await Announcer(uow).tell(
        "rule_notice", await members(uow, event.user_ids), variables, key=str(envelope.id), about=about
    )


async def on_rule_disabled(event: RuleDisabled, uow: UnitOfWork, envelope: Envelope) -> None:
    """Tell the owner of a rule that it runs no more."""
    about = About("automation_rule", event.rule_id, f"/automation/rules/{event.rule_id}")
    variables = {"rule": {"name": event.rule_name, "reason": event.reason}}
    await Announcer(uow).tell(
        "rule_disabled", await members(uow, [event.owner_id]), variables, key=str(envelope.id), about=about
    )
