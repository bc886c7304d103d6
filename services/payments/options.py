"""The choice lists of this service, for the gateway's dropdown options."""

from typing import Any

from fastapi import APIRouter

from libs.common.http.deps import internal
from services.payments.providers.base import Status

router = APIRouter(include_in_schema=False)


def _options(*values: str) -> list[dict[str, str]]:
    return [{"value": value, "label": value.replace("_", " ").capitalize()} for value in values]


@router.get("/internal/dropdown-options", dependencies=[internal()])
async def dropdown_options() -> dict[str, Any]:
    """The lists by category."""
    return {
        "payment_provider": _options("sandbox", "bank_transfer"),
        "payment_status": _options(*(status.value for status in Status)),
        "refund_status": _options("pending", "succeeded", "failed"),
        "invoice_status": _options("draft", "issued", "paid", "void"),
        "invoice_payment_method": _options("bank_transfer", "cash", "card", "other"),
    }
