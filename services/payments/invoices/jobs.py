"""The background work of invoices."""

from typing import Any

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.jobs.job import Job
from services.payments.invoices.service import InvoiceService

_BATCH = 500


async def mark_overdue(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Tell of invoices that have become overdue."""
    await InvoiceService(uow).mark_overdue(_BATCH)


JOBS = (Job("mark_overdue_invoices", mark_overdue, every=300),)
