"""Bodies and queries of assigned products."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from libs.common.filters import Column, ListQuery
from libs.common.money import Money
from libs.common.schema import OutSchema


class AssignmentStatus(StrEnum):
    """Whether the business may use the product: it may once it is approved."""

    ASSIGNED = "assigned"
    REVOKED = "revoked"


class AssignedProductOut(OutSchema):
    """One of the operator's products that a business has."""

    id: UUID
    company_id: UUID
    product_id: UUID
    sku: str
    name: str
    price: Money
    status: AssignmentStatus
    assigned_at: datetime


class AssignedProductQuery(ListQuery):
    """How to list assigned products."""

    searchable: ClassVar[tuple[str, ...]] = ("sku", "name")

    company_id: Annotated[
        list[UUID] | None, Column("company_id"), Field(description="Businesses of which one has them")
    ] = None  # type: ignore[assignment]
    sku: list[str] | None = None
    status: list[AssignmentStatus] | None = None
