"""Rows of automation: rules, what they said at each version, their runs, and the steps of these."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import SoftDeleted, TenantRow, list_indexes
from libs.common.db.search import search_index
from services.crm.db import Base

RUNNING, WAITING = "running", "waiting"
COMPLETED, FAILED, STOPPED, CANCELLED, SKIPPED = "completed", "failed", "stopped", "cancelled", "skipped"
# No value is NULL, and not the null of JSON.
_JSON = JSONB(none_as_null=True)
OPEN = (RUNNING, WAITING)
_HEARS = text("enabled AND deleted_at IS NULL AND event IS NOT NULL")
_IS_OPEN = text("status IN ('running', 'waiting')")


class Rule(TenantRow, SoftDeleted, Base):
    """When something happens, and conditions hold, then do this. `version` counts its changes."""

    __tablename__ = "automation_rules"
    __table_args__ = (
        CheckConstraint("trigger_type IN ('event', 'schedule', 'manual')", name="trigger_type"),
        CheckConstraint("(trigger_type = 'event') = (event IS NOT NULL)", name="event"),
        CheckConstraint("(enabled) = (enabled_at IS NOT NULL)", name="enabled_at"),
        *list_indexes(
            "automation_rules", "enabled", "trigger_type", "event", "owner_id", order=("updated_at", "name")
        ),
        Index("ix_automation_rules_hearing", "tenant_id", "event", postgresql_where=_HEARS),
        Index(
            "ix_automation_rules_next_run_at",
            "next_run_at",
            postgresql_where=text("enabled AND deleted_at IS NULL AND next_run_at IS NOT NULL"),
        ),
        search_index("crm", "automation_rules", "name"),
    )

    name: Mapped[str]
    description: Mapped[str | None]
    enabled: Mapped[bool]
    enabled_at: Mapped[datetime | None]
    # Why the platform has disabled it; none where a person has.
    disabled_reason: Mapped[str | None]
    trigger: Mapped[dict[str, Any]]
    trigger_type: Mapped[str]
    event: Mapped[str | None]
    # The kind of thing that its runs are about, where that is known beforehand.
    object_type: Mapped[str | None]
    conditions: Mapped[dict[str, Any] | None] = mapped_column(_JSON)
    actions: Mapped[list[dict[str, Any]]]
    # The permissions that it takes to do what it does.
    permissions: Mapped[list[str]]
    # Who last said what it does; it acts with this person's rights.
    owner_id: Mapped[UUID]
    next_run_at: Mapped[datetime | None]

    @property
    def status(self) -> str:
        """`enabled` or `disabled`."""
        return "enabled" if self.enabled else "disabled"


class RuleVersion(TenantRow, Base):
    """What a rule said from one change to the next; runs go by the one that they began with."""

    __tablename__ = "automation_versions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "rule_id"], ["crm.automation_rules.tenant_id", "crm.automation_rules.id"]
        ),
        Index("ix_automation_versions_rule_id", "tenant_id", "rule_id", "created_at", "id"),
        Index("uq_automation_versions_number", "tenant_id", "rule_id", "number", unique=True),
    )

    rule_id: Mapped[UUID]
    number: Mapped[int]
    change: Mapped[str]
    changed_by_id: Mapped[UUID | None]
    name: Mapped[str]
    description: Mapped[str | None]
    enabled: Mapped[bool]
    trigger: Mapped[dict[str, Any]]
    object_type: Mapped[str | None]
    conditions: Mapped[dict[str, Any] | None] = mapped_column(_JSON)
    actions: Mapped[list[dict[str, Any]]]
    permissions: Mapped[list[str]]
    owner_id: Mapped[UUID]


class Run(TenantRow, Base):
    """One time that a rule acted, or would have. `position` is that of the action to do next."""

    __tablename__ = "automation_runs"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "rule_id"], ["crm.automation_rules.tenant_id", "crm.automation_rules.id"]
        ),
        CheckConstraint(
            "status IN ('running', 'waiting', 'completed', 'failed', 'stopped', 'cancelled', 'skipped')",
            name="status",
        ),
        CheckConstraint(
            "(status IN ('running', 'waiting')) = (finished_at IS NULL)"
            " AND (finished_at IS NULL) = (due_at IS NOT NULL) AND (finished_at IS NULL OR event_data IS NULL)",
            name="finished_at",
        ),
        Index("ix_automation_runs_rule_id", "tenant_id", "rule_id", "created_at", "id"),
        Index("ix_automation_runs_status", "tenant_id", "rule_id", "status", "created_at", "id"),
        Index("ix_automation_runs_object_id", "tenant_id", "rule_id", "object_id", "created_at", "id"),
        Index("ix_automation_runs_by_finished_at", "tenant_id", "rule_id", "finished_at"),
        Index(
            "uq_automation_runs_cause",
            "tenant_id",
            "rule_id",
            "cause_id",
            unique=True,
        ),
        Index("ix_automation_runs_open", "tenant_id", "rule_id", "id", postgresql_where=_IS_OPEN),
        Index("ix_automation_runs_due_at", "due_at", postgresql_where=_IS_OPEN),
        search_index("crm", "automation_runs", "event", "reason"),
        Index("ix_automation_runs_sweep", "finished_at", postgresql_where=text("finished_at IS NOT NULL")),
    )

    rule_id: Mapped[UUID]
    rule_version: Mapped[int]
    trigger_type: Mapped[str]
    # What it is the run of: an event, a time of a schedule (with an object), or a request. One run for each.
    cause_id: Mapped[UUID]
    event: Mapped[str | None]
    # What the event said, until the run has ended.
    event_data: Mapped[dict[str, Any] | None] = mapped_column(_JSON)
    object_type: Mapped[str | None]
    object_id: Mapped[UUID | None]
    started_by_id: Mapped[UUID | None]
    status: Mapped[str]
    # Why it was stopped, cancelled or skipped.
    reason: Mapped[str | None]
    # The problem that it failed with.
    problem: Mapped[dict[str, Any] | None] = mapped_column(_JSON)
    # How many runs led to it, itself included, each by what the one before did.
    depth: Mapped[int]
    correlation_id: Mapped[str | None]
    position: Mapped[int]
    attempts: Mapped[int]
    due_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    @property
    def event_id(self) -> UUID | None:
        """The event that it is the run of."""
        return self.cause_id if self.trigger_type == "event" else None


class RunStep(Base):
    """What one action of a run did."""

    __tablename__ = "automation_steps"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "run_id"], ["crm.automation_runs.tenant_id", "crm.automation_runs.id"]
        ),
        CheckConstraint("status IN ('done', 'failed', 'waiting', 'stopped')", name="status"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    action: Mapped[str]
    status: Mapped[str]
    # What it did, by name: the id of a task, the field that was changed, until when it waits.
    result: Mapped[dict[str, Any] | None] = mapped_column(_JSON)
    problem: Mapped[dict[str, Any] | None] = mapped_column(_JSON)
    attempts: Mapped[int]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
