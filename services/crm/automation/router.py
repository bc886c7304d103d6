"""The HTTP side of automation."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import FeatureNotInPlan, NotFound, PreconditionFailed
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from libs.contracts.features import AUTOMATION
from services.crm.automation.errors import (
    InvalidAction,
    InvalidCondition,
    LimitExceeded,
    PersonRequired,
    RuleDisabled,
    UnknownEvent,
    UnknownField,
)
from services.crm.automation.schemas import (
    DryRunIn,
    DryRunOut,
    RuleCreate,
    RuleOut,
    RuleQuery,
    RuleUpdate,
    RunIn,
    RunOut,
    RunQuery,
    RunWithSteps,
    VersionOut,
    VersionQuery,
)
from services.crm.deps import Rules, Runs

router = APIRouter(prefix="/automation/rules", tags=["automation"])
READ = allow("crm.automation.read")
WRITE = allow("crm.automation.write", active=True, feature=AUTOMATION)
RUN = allow("crm.automation.run", active=True, feature=AUTOMATION)
SAID = (
    FeatureNotInPlan,
    PersonRequired,
    UnknownEvent,
    UnknownField,
    InvalidCondition,
    InvalidAction,
    LimitExceeded,
)
FOUND = (NotFound, FeatureNotInPlan)


@router.get("", response_model=Page[RuleOut], dependencies=[READ])
async def list_rules(query: Annotated[RuleQuery, Query()], rules: Rules) -> Any:
    """List rules, newest first."""
    return await rules.list(query)


@router.post("", response_model=RuleOut, status_code=201, dependencies=[WRITE], responses=problems(*SAID))
async def create_rule(body: RuleCreate, rules: Rules) -> Any:
    """Add a rule: what makes it run, what must hold, and what it does then, with the rights of who saves it."""
    return await rules.create(body)


@router.get("/{rule_id}", response_model=RuleOut, dependencies=[READ], responses=problems(NotFound))
async def get_rule(rule_id: UUID, rules: Rules) -> Any:
    """Read one rule; its `ETag` can be sent back as `If-Match`."""
    return await rules.get(rule_id)


@router.patch(
    "/{rule_id}",
    response_model=RuleOut,
    dependencies=[WRITE],
    responses=problems(NotFound, PreconditionFailed, *SAID),
)
async def update_rule(rule_id: UUID, body: RuleUpdate, rules: Rules) -> Any:
    """Change some fields of a rule; its runs under way go on as they began."""
    return await rules.update(rule_id, body)


@router.put(
    "/{rule_id}",
    response_model=RuleOut,
    dependencies=[WRITE],
    responses=problems(NotFound, PreconditionFailed, *SAID),
)
async def replace_rule(rule_id: UUID, body: RuleCreate, rules: Rules) -> Any:
    """Replace all fields of a rule; its runs under way go on as they began."""
    return await rules.update(rule_id, body)


@router.delete("/{rule_id}", status_code=204, dependencies=[WRITE], responses=problems(*FOUND))
async def delete_rule(rule_id: UUID, rules: Rules) -> None:
    """Remove a rule; its runs under way are cancelled."""
    await rules.delete(rule_id)


@router.post(
    "/{rule_id}/enable",
    response_model=RuleOut,
    dependencies=[WRITE],
    responses=problems(*FOUND, PreconditionFailed),
)
async def enable_rule(rule_id: UUID, rules: Rules) -> Any:
    """Let a rule run from now on."""
    return await rules.set_enabled(rule_id, True)


@router.post(
    "/{rule_id}/disable",
    response_model=RuleOut,
    dependencies=[WRITE],
    responses=problems(*FOUND, PreconditionFailed),
)
async def disable_rule(rule_id: UUID, rules: Rules) -> Any:
    """Let a rule run no more; its runs under way, those that wait too, are cancelled."""
    return await rules.set_enabled(rule_id, False)


@router.post(
    "/{rule_id}/dry-run",
    response_model=DryRunOut,
    dependencies=[RUN],
    responses=problems(*FOUND, UnknownField),
)
async def dry_run_rule(rule_id: UUID, body: DryRunIn, runs: Runs) -> Any:
    """Say what a run would do to a thing, or of an event, now; nothing is changed, and the rule may be disabled."""
    return await runs.dry_run(rule_id, body)


@router.post(
    "/{rule_id}/run",
    response_model=RunWithSteps,
    status_code=202,
    dependencies=[RUN],
    responses=problems(*FOUND, RuleDisabled),
)
async def run_rule(rule_id: UUID, runs: Runs, body: RunIn | None = None) -> Any:
    """Run a rule on a thing; what its actions do is shown by the run, step by step."""
    return await runs.run(rule_id, body or RunIn())


@router.get("/{rule_id}/runs", response_model=Page[RunOut], dependencies=[READ], responses=problems(NotFound))
async def list_runs(rule_id: UUID, query: Annotated[RunQuery, Query()], rules: Rules) -> Any:
    """List the runs of a rule, newest first."""
    return await rules.runs(rule_id, query)


@router.get(
    "/{rule_id}/runs/{run_id}", response_model=RunWithSteps, dependencies=[READ], responses=problems(NotFound)
)
async def get_run(rule_id: UUID, run_id: UUID, rules: Rules) -> Any:
    """Read one run of a rule, with what each of its actions did."""
    return await rules.run(rule_id, run_id)


@router.get(
    "/{rule_id}/versions", response_model=Page[VersionOut], dependencies=[READ], responses=problems(NotFound)
)
async def list_versions(rule_id: UUID, query: Annotated[VersionQuery, Query()], rules: Rules) -> Any:
    """List what a rule said over time, newest first."""
    return await rules.versions(rule_id, query)
