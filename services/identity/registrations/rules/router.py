"""The HTTP side of rules of review."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from libs.common.errors import NotFound, PreconditionFailed
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.identity.deps import provide_in_operator
from services.identity.registrations.rules.schemas import (
    RuleCreate,
    RuleOut,
    RuleQuery,
    RuleReplace,
    RuleUpdate,
)
from services.identity.registrations.rules.service import RuleService

router = APIRouter(prefix="/registration-rules", tags=["registration rules"])
READ, WRITE = allow("identity.registration_rules.read"), allow("identity.registration_rules.write")
Rules = Annotated[RuleService, Depends(provide_in_operator(RuleService), scope="function")]
CHANGED = problems(NotFound, PreconditionFailed)


@router.get("", response_model=Page[RuleOut], dependencies=[READ])
async def list_registration_rules(query: Annotated[RuleQuery, Query()], rules: Rules) -> Any:
    """List the rules of review, newest first: how many must approve, what a deal counts, and by when."""
    return await rules.list(query)


@router.post("", response_model=RuleOut, status_code=201, dependencies=[WRITE])
async def create_registration_rule(body: RuleCreate, rules: Rules) -> Any:
    """Add a rule of review; the most specific one that fits an application holds for it."""
    return await rules.create(body)


@router.get("/{rule_id}", response_model=RuleOut, dependencies=[READ], responses=problems(NotFound))
async def get_registration_rule(rule_id: UUID, rules: Rules) -> Any:
    """Read one rule of review."""
    return await rules.get(rule_id)


@router.patch("/{rule_id}", response_model=RuleOut, dependencies=[WRITE], responses=CHANGED)
async def update_registration_rule(rule_id: UUID, body: RuleUpdate, rules: Rules) -> Any:
    """Change some fields of a rule of review."""
    return await rules.update(rule_id, body)


@router.put("/{rule_id}", response_model=RuleOut, dependencies=[WRITE], responses=CHANGED)
async def replace_registration_rule(rule_id: UUID, body: RuleReplace, rules: Rules) -> Any:
    """Replace a rule of review."""
    return await rules.update(rule_id, body)


@router.delete("/{rule_id}", status_code=204, dependencies=[WRITE], responses=CHANGED)
async def delete_registration_rule(rule_id: UUID, rules: Rules) -> None:
    """Remove a rule of review. Time limits that run already stay."""
    await rules.delete(rule_id)
