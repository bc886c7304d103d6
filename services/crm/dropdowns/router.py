"""Choice lists for the gateway, which merges those of all services."""

from typing import Any, get_args

from fastapi import APIRouter

from libs.common.http.deps import internal
from services.crm.automation.conditions import Operator
from services.crm.automation.hearing import HEARD
from services.crm.automation.schemas import RunStatus, TriggerType
from services.crm.deals.schemas import DealStatus
from services.crm.leads.schemas import LeadStatus
from services.crm.projects.schemas import ProjectStatus
from services.crm.requests.schemas import RequestStatus
from services.crm.stages.schemas import RequiredField, StageKind
from services.crm.tasks.schemas import TaskPriority, TaskStatus

router = APIRouter(prefix="/internal", include_in_schema=False)

CATEGORIES: dict[str, Any] = {
    "automation_operators": Operator,
    "automation_run_statuses": RunStatus,
    "automation_trigger_types": TriggerType,
    "deal_statuses": DealStatus,
    "lead_statuses": LeadStatus,
    "project_statuses": ProjectStatus,
    "request_statuses": RequestStatus,
    "stage_kinds": StageKind,
    "stage_required_fields": RequiredField,
    "task_priorities": TaskPriority,
    "task_statuses": TaskStatus,
}


@router.get("/dropdown-options", dependencies=[internal()])
async def list_dropdown_options() -> dict[str, list[dict[str, str]]]:
    """List the choices by category."""
    events = [
        {"value": name, "label": (heard.event.__doc__ or name).partition(".")[0]}
        for name, heard in sorted(HEARD.items())
    ]
    return {"automation_events": events} | {
        category: [
            {"value": value, "label": value.removesuffix("_id").replace("_", " ").capitalize()}
            for value in get_args(choices)
        ]
        for category, choices in CATEGORIES.items()
    }
