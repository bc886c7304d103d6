"""The tools over what other services know. They are asked as who asks, so that each checks the rights itself."""

from typing import Any

from services.analytics.assistant.figures import Reader
from services.analytics.assistant.tools.tool import Arguments, Asker, Tool, from_service
from services.analytics.assistant.words import Language, label

_LIMIT = 200
_NAMED = 10


def _count(reader: Reader, key: str, unit: str, language: Language) -> None:
    is_all = reader.document.get("next_cursor") is None
    reader.count(label(key, language), "/items", unit, is_all=is_all)


def _awaiting_shipping(reader: Reader, language: Language) -> None:
    _count(reader, "awaiting_shipping", "orders", language)


def _overdue_tasks(reader: Reader, language: Language) -> None:
    _count(reader, "tasks_overdue", "tasks", language)


def _low_stock(reader: Reader, language: Language) -> None:
    _count(reader, "low_stock", "products", language)
    for field, row in list(reader.each("/items"))[:_NAMED]:
        reader.number(f"{row['sku']}, {label('available_of', language)}", f"{field}/available", "pieces")


def _unpaid_invoices(reader: Reader, language: Language) -> None:
    _count(reader, "unpaid_invoices", "invoices", language)
    for field, row in list(reader.each("/items"))[:_NAMED]:
        name = f"{label('invoice', language)} {row['number']}, {label('outstanding', language)}"
        reader.money(name, f"{field}/outstanding")


def _due_before_now(arguments: Arguments, asker: Asker) -> dict[str, Any]:
    due = asker.now.replace(microsecond=0).isoformat()
    return {"status": ["todo", "in_progress"], "due_at_to": due, "limit": _LIMIT}


TOOLS = (
    Tool(
        "orders_awaiting_shipping",
        "How many orders are paid and not sent yet.",
        "/orders",
        "orders.orders.read",
        Arguments,
        lambda arguments, asker: {"status": ["paid", "fulfilling"], "limit": _LIMIT},
        from_service("orders", "/orders"),
        _awaiting_shipping,
    ),
    Tool(
        "overdue_tasks",
        "How many tasks should have been done by now and are not.",
        "/tasks",
        "crm.tasks.read",
        Arguments,
        _due_before_now,
        from_service("crm", "/tasks"),
        _overdue_tasks,
    ),
    Tool(
        "low_stock",
        "What is at or below its low stock threshold, by SKU and warehouse.",
        "/inventory/stock",
        "catalog.stock.read",
        Arguments,
        lambda arguments, asker: {"low": "true", "limit": _LIMIT},
        from_service("catalog", "/inventory/stock"),
        _low_stock,
    ),
    Tool(
        "unpaid_invoices",
        "Invoices that were issued and not paid yet, with what is outstanding of the newest.",
        "/invoices",
        "payments.invoices.read",
        Arguments,
        lambda arguments, asker: {"status": ["issued"], "limit": _LIMIT},
        from_service("payments", "/invoices"),
        _unpaid_invoices,
    ),
)
