"""Rows of requirements, of the documents that applicants hand in, and of the results of checks."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, LargeBinary, text
from sqlalchemy.orm import Mapped, deferred, mapped_column

from libs.common.db.base import SoftDeleted, TenantRow, list_indexes
from libs.common.db.search import search_index
from services.identity.db import Base


class RequirementKind(StrEnum):
    """What is required: a document, a field, or that a check passes."""

    DOCUMENT = "document"
    FIELD = "field"
    CHECK = "check"


class Outcome(StrEnum):
    """What came of a check; it is skipped where there is nothing to look at."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Requirement(TenantRow, Base):
    """One thing that applications need; a row of the operator. Without product or country it holds for all.

    Of several with one code the most specific counts.
    """

    __tablename__ = "registration_requirements"
    __table_args__ = (
        *list_indexes("registration_requirements", "kind", "product", "country", "code"),
        search_index("identity", "registration_requirements", "code", "label", "description"),
        Index(
            "uq_registration_requirements_place",
            "tenant_id",
            "code",
            text("coalesce(product, '')"),
            text("coalesce(country, '')"),
            unique=True,
        ),
    )

    code: Mapped[str]
    kind: Mapped[str]
    label: Mapped[str]
    description: Mapped[str | None]
    product: Mapped[str | None]
    country: Mapped[str | None]
    is_required: Mapped[bool]
    is_active: Mapped[bool]
    # What a document, field or check may be; see the schemas.
    rule: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Document(TenantRow, SoftDeleted, Base):
    """A file that an applicant handed in for a requirement; the newest one of a requirement counts."""

    __tablename__ = "registration_documents"
    __table_args__ = (
        *list_indexes("registration_documents", "requirement"),
        Index(
            "ix_registration_documents_registration_id", "tenant_id", "registration_id", "created_at", "id"
        ),
    )

    registration_id: Mapped[UUID]
    requirement: Mapped[str]
    filename: Mapped[str]
    content_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    content: Mapped[bytes] = deferred(mapped_column(LargeBinary))
    uploaded_by_id: Mapped[UUID | None]


class CheckResult(TenantRow, Base):
    """What came of a check of one round of an application."""

    __tablename__ = "registration_checks"
    __table_args__ = (
        Index("ix_registration_checks_registration_id", "tenant_id", "registration_id", "created_at", "id"),
    )

    registration_id: Mapped[UUID]
    requirement: Mapped[str]
    check: Mapped[str] = mapped_column("check_name")
    round: Mapped[int]
    outcome: Mapped[str]
    detail: Mapped[str]
