"""Does what was planned, through the services that do it for everybody, as the owner of the rule."""

from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import ValidationFailed
from libs.contracts.crm import RuleNotified
from services.crm.automation.actions import (
    AddTag,
    AssignOwner,
    CreateTask,
    MoveDeal,
    PostMessage,
    SendNotification,
    UpdateField,
)
from services.crm.automation.objects import OBJECTS
from services.crm.chat.objects import keepers
from services.crm.chat.service import ChatService
from services.crm.deals.transitions import DealTransitions
from services.crm.people.service import PersonService
from services.crm.tasks.schemas import TaskCreate
from services.crm.tasks.service import TaskService

_MOST_TAGS = 50


async def perform(
    uow: UnitOfWork, action: Any, planned: dict[str, Any], run: Any, rule_name: str
) -> dict[str, Any]:
    """Have the effect of one action in this unit of work, and say what it was."""
    match action:
        case CreateTask():
            task = await TaskService(uow).create(TaskCreate.model_validate(planned))
            return {"task_id": str(task.id), "name": task.name}
        case UpdateField() | AssignOwner():
            await _change(uow, planned, {planned["field"]: planned["value"]})
            return planned
        case AddTag():
            return {**planned, "added": await _tag(uow, planned)}
        case MoveDeal():
            deal = await DealTransitions(uow).move(UUID(planned["object_id"]), UUID(planned["stage_id"]))
            return {**planned, "stage": deal.stage}
        case PostMessage():
            return await _post(uow, planned)
        case SendNotification():
            return await _notify(uow, planned, run, rule_name)
    return planned


async def _change(uow: UnitOfWork, planned: dict[str, Any], changes: dict[str, Any]) -> None:
    kind = OBJECTS[planned["object_type"]]
    await kind.service(uow).update(UUID(planned["object_id"]), kind.changed.model_validate(changes))


async def _tag(uow: UnitOfWork, planned: dict[str, Any]) -> bool:
    """Add a tag under the lock of the row, so that no other one is lost; whether it was missing."""
    kind, tag = OBJECTS[planned["object_type"]], planned["tag"].strip()
    row = await kind.service(uow).get(UUID(planned["object_id"]), lock=True)
    if not tag or tag in row.tags:
        return False
    if len(row.tags) >= _MOST_TAGS:
        raise ValidationFailed(f"A {planned['object_type']} has at most {_MOST_TAGS} tags.")
    await _change(uow, planned, {"tags": [*row.tags, tag]})
    return True


async def _post(uow: UnitOfWork, planned: dict[str, Any]) -> dict[str, Any]:
    object_type, object_id = planned["object_type"], UUID(planned["object_id"])
    mentions = [UUID(person) for person in planned["mentions"]]
    await PersonService(uow).require("mentions", mentions)
    told = await keepers(uow, object_type, object_id) | set(mentions)
    message = await ChatService(uow).announce(object_type, object_id, planned["text"], told)
    return {"message_id": str(message.id)}


async def _notify(uow: UnitOfWork, planned: dict[str, Any], run: Any, rule_name: str) -> dict[str, Any]:
    people = PersonService(uow)
    named = {UUID(person) for person in planned["user_ids"]}
    known = set(await people.colleagues(named))
    # Who acts here by a grant is no colleague, and may be told all the same.
    told = sorted(known | {person for person in named if person == uow.actor.user_id})
    uow.emit(
        RuleNotified(
            rule_id=run.rule_id,
            rule_name=rule_name,
            run_id=run.id,
            user_ids=told,
            title=planned["title"],
            text=planned["text"],
            object_type=run.object_type,
            object_id=run.object_id,
        )
    )
    return {"user_ids": [str(person) for person in told]}
