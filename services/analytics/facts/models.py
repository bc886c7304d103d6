"""Rows of facts. Every column comes from one event, so facts may arrive late, twice or out of order."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.search import person_indexes
from services.analytics.db import Base


class OrderFact(Base):
    """One order. Amounts in minor units of `currency`; times are null until the step has happened."""

    __tablename__ = "order_facts"
    __table_args__ = (
        Index("ix_order_facts_placed_at", "tenant_id", "placed_at"),
        Index("ix_order_facts_paid_at", "tenant_id", "paid_at"),
        *person_indexes("analytics", "order_facts", address="customer"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str | None]
    customer: Mapped[str | None]
    currency: Mapped[str | None]
    subtotal: Mapped[int | None] = mapped_column(BigInteger)
    discount: Mapped[int | None] = mapped_column(BigInteger)
    shipping: Mapped[int | None] = mapped_column(BigInteger)
    tax: Mapped[int | None] = mapped_column(BigInteger)
    total: Mapped[int | None] = mapped_column(BigInteger)
    placed_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    expired_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]


class OrderLineFact(Base):
    """One line of an order."""

    __tablename__ = "order_line_facts"
    __table_args__ = (
        Index("ix_order_line_facts_order_id", "tenant_id", "order_id"),
        Index("ix_order_line_facts_product_id", "tenant_id", "product_id"),
        Index("ix_order_line_facts_variant_id", "tenant_id", "variant_id"),
        Index("ix_order_line_facts_sku", "tenant_id", "sku"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    line_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID]
    product_id: Mapped[UUID]
    variant_id: Mapped[UUID]
    sku: Mapped[str]
    name: Mapped[str]
    quantity: Mapped[int] = mapped_column(Integer)
    total: Mapped[int] = mapped_column(BigInteger)
    # The tax that the total contains; null where no event said.
    tax_included: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str]


class MoneyFact(Base):
    """Money that came in (`payment` of an order, or for an `invoice`) or went back (`refund`, negative)."""

    __tablename__ = "money_facts"
    __table_args__ = (
        Index("ix_money_facts_happened_at", "tenant_id", "happened_at"),
        Index("ix_money_facts_order_id", "tenant_id", "order_id"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    order_id: Mapped[UUID | None]
    provider: Mapped[str | None]
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    happened_at: Mapped[datetime]


class DealFact(Base):
    """One deal: where it stands now. `seen_at` is the time of the event that said so."""

    __tablename__ = "deal_facts"
    __table_args__ = (
        Index("ix_deal_facts_status", "tenant_id", "status", "pipeline"),
        Index("ix_deal_facts_created_at", "tenant_id", "created_at"),
        Index("ix_deal_facts_closed_at", "tenant_id", "status", "closed_at"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    deal_id: Mapped[UUID] = mapped_column(primary_key=True)
    pipeline: Mapped[str]
    stage: Mapped[str | None]
    status: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    source: Mapped[str | None]
    created_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    seen_at: Mapped[datetime]
    name: Mapped[str | None]
    owner_id: Mapped[UUID | None]
    expected_close_on: Mapped[date | None]
    stage_entered_at: Mapped[datetime | None]


class DealStageFact(Base):
    """That a deal has been in a stage, and when it first entered it."""

    __tablename__ = "deal_stage_facts"
    __table_args__ = (Index("ix_deal_stage_facts_pipeline", "tenant_id", "pipeline", "stage"),)

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    deal_id: Mapped[UUID] = mapped_column(primary_key=True)
    stage: Mapped[str] = mapped_column(primary_key=True)
    pipeline: Mapped[str]
    entered_at: Mapped[datetime]


class LeadFact(Base):
    """One lead. `seen_at` is the time of the event that last said how it is; `status` is null while none has."""

    __tablename__ = "lead_facts"
    __table_args__ = (
        Index("ix_lead_facts_source", "tenant_id", "source"),
        Index("ix_lead_facts_created_at", "tenant_id", "created_at"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    lead_id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str | None]
    created_at: Mapped[datetime | None]
    converted_at: Mapped[datetime | None]
    deal_id: Mapped[UUID | None]
    status: Mapped[str | None]
    seen_at: Mapped[datetime] = mapped_column(server_default=text("'epoch'"))


class TaskFact(Base):
    """One task. `seen_at` is the time of the event that last said how it is; `status` is null while none has."""

    __tablename__ = "task_facts"
    __table_args__ = (
        Index("ix_task_facts_assignee_id", "tenant_id", "assignee_id"),
        Index("ix_task_facts_deal_id", "tenant_id", "deal_id"),
        Index("ix_task_facts_due", "tenant_id", "due_at", postgresql_where=text("completed_at IS NULL")),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    task_id: Mapped[UUID] = mapped_column(primary_key=True)
    assignee_id: Mapped[UUID | None]
    assigned_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    name: Mapped[str | None]
    status: Mapped[str | None]
    deal_id: Mapped[UUID | None]
    seen_at: Mapped[datetime] = mapped_column(server_default=text("'epoch'"))


class InvoiceFact(Base):
    """One final invoice and what is still to be paid of it; `outstanding` is null while no event has said."""

    __tablename__ = "invoice_facts"
    __table_args__ = (
        Index("ix_invoice_facts_due_on", "tenant_id", "due_on", postgresql_where=text("outstanding > 0")),
        Index("ix_invoice_facts_issued_at", "tenant_id", "issued_at"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    invoice_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str]
    status: Mapped[str | None]
    currency: Mapped[str]
    total: Mapped[int | None] = mapped_column(BigInteger)
    outstanding: Mapped[int | None] = mapped_column(BigInteger)
    due_on: Mapped[date | None]
    issued_at: Mapped[datetime | None]
    seen_at: Mapped[datetime]


class PriceFact(Base):
    """A price that a variant has had, from `changed_at` until the next one."""

    __tablename__ = "price_facts"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    variant_id: Mapped[UUID] = mapped_column(primary_key=True)
    changed_at: Mapped[datetime] = mapped_column(primary_key=True)
    product_id: Mapped[UUID]
    sku: Mapped[str]
    price: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]


class StockFact(Base):
    """The stock of a variant in a warehouse, as of its highest revision seen."""

    __tablename__ = "stock_facts"
    __table_args__ = (Index("ix_stock_facts_variant_id", "tenant_id", "variant_id"),)

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    store_id: Mapped[UUID] = mapped_column(primary_key=True)
    variant_id: Mapped[UUID] = mapped_column(primary_key=True)
    sku: Mapped[str]
    on_hand: Mapped[int] = mapped_column(BigInteger)
    reserved: Mapped[int] = mapped_column(BigInteger)
    allocated: Mapped[int] = mapped_column(BigInteger)
    available: Mapped[int] = mapped_column(BigInteger)
    revision: Mapped[int] = mapped_column(BigInteger)


FACTS = (
    OrderFact,
    OrderLineFact,
    MoneyFact,
    DealFact,
    DealStageFact,
    LeadFact,
    TaskFact,
    InvoiceFact,
    PriceFact,
    StockFact,
)
