"""Bodies and queries of the audit log."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from libs.common.actor import ActorKind
from libs.common.filters import Custom, ListQuery
from libs.common.origin import MAX_ADDRESS
from libs.common.pagination import MAX_LIMIT
from libs.common.schema import OutSchema
from services.identity.audit_log.verification import FaultKind

_HASH = r"^[0-9a-f]{64}$"
Hash = Annotated[str, BeforeValidator(lambda value: value.hex() if isinstance(value, bytes) else value)]


class AuditEntryOut(OutSchema):
    """That somebody did something."""

    id: UUID
    time: datetime
    actor: str | None = Field(
        description="`user:<id>`, `api_key:<id>`, `guest` or `system:<service>`; where somebody acted as another, "
        "`user:<who really acted>/as:<whom as>`"
    )
    actor_id: UUID | None = Field(description="The user or API key of it: who really acted")
    acted_as_id: UUID | None = Field(description="The user that somebody acted as")
    tenant_id: UUID
    service: str
    action: str = Field(description="The verb of a change, or the wire name of another fact")
    resource: str
    resource_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    request_id: str | None
    event_id: UUID
    address: str | None = Field(description="Of the client, as the gateway saw it")
    user_agent: str | None
    tenant_via: str | None = Field(
        description="How the business was found: `host`, `header`, `home`, `query` or `key`"
    )
    seq: int | None = Field(
        description="Its number in the chain of the business; entries from before it have none"
    )
    previous_hash: Hash | None = Field(description="The hash of the entry before it, hexadecimal")
    hash: Hash | None = Field(description="SHA-256 over `previous_hash` and what the entry says, hexadecimal")


class AuditLogQuery(ListQuery):
    """How to list the audit log."""

    orderable: ClassVar[tuple[str, ...]] = ("time",)
    default_order: ClassVar[str] = "-time"
    searchable: ClassVar[tuple[str, ...]] = ("action", "resource", "resource_id")

    actor_kind: Annotated[
        list[ActorKind] | None,
        Custom(),
        Field(description="What kind of caller acted: guests and the platform itself have no `actor_id`"),
    ] = None
    actor_id: list[UUID] | None = None
    acted_as_id: list[UUID] | None = None
    address: Annotated[
        list[Annotated[str, Field(max_length=MAX_ADDRESS)]] | None,
        Field(description="The client's address, whole"),
    ] = None
    action: list[str] | None = None
    resource: list[str] | None = None
    resource_id: list[str] | None = None
    service: list[str] | None = None
    request_id: list[str] | None = None
    time_from: datetime | None = None
    time_to: datetime | None = None


class ExportFormat(StrEnum):
    """How an export is written: rows of cells, or a JSON object a line."""

    CSV = "csv"
    JSONL = "jsonl"


class AuditExportQuery(AuditLogQuery):
    """What of the audit log is exported: the filters of the list, all pages of it."""

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Of no effect: all rows are exported")] = (
        MAX_LIMIT
    )
    cursor: Annotated[str | None, Field(description="Leave it out: an export has no pages")] = None
    format: Annotated[ExportFormat, Custom()] = ExportFormat.CSV

    @field_validator("cursor")
    @classmethod
    def _has_no_pages(cls, value: str | None) -> None:
        if value is not None:
            raise ValueError("an export has no pages: leave the cursor out")


class VerifyQuery(BaseModel):
    """Which part of the chain is checked."""

    model_config = ConfigDict(extra="forbid")

    from_seq: Annotated[int, Field(ge=1, le=2**63 - 1, description="The first number to look at")] = 1
    after_hash: Annotated[
        str | None,
        Field(
            pattern=_HASH,
            description="The hash of the entry before, as an earlier check gave it; else what is stored is believed",
        ),
    ] = None
    limit: Annotated[int, Field(ge=1, le=50_000, description="How many entries to check at most")] = 10_000
    company_id: Annotated[UUID | None, Field(description="The business to act in (superusers)")] = None


class FaultOut(OutSchema):
    """Something wrong with the chain."""

    kind: FaultKind
    seq: int = Field(description="The number at which it shows")
    to_seq: int = Field(description="The last number, where it concerns several")
    entry_id: UUID | None = Field(description="The entry that stands there")
    detail: str


class VerificationOut(OutSchema):
    """What a check of the chain has found."""

    valid: bool = Field(description="Whether all that was looked at is as it was written")
    checked: int = Field(description="How many entries were looked at")
    from_seq: int
    to_seq: int
    length: int = Field(description="How many entries the chain has")
    last_hash: Hash | None = Field(
        description="Of the entry at `to_seq`: give it as `after_hash` when going on"
    )
    next_seq: int | None = Field(description="Where to go on; null at the end")
    unchained: int = Field(description="Entries without a number, from before there was a chain")
    faults: list[FaultOut]
