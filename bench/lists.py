"""The lists that the bench measures: how the rows of large tenants differ, and which pages of them are asked for.

A page holds as many rows in the smallest tenant as in the largest: a row costs more to show than to find.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bench.journey import whole
from bench.load import Load, offer
from bench.rows import UUID7
from bench.shop import Builder, Shop
from bench.suite import Suite
from libs.common.filters import ListQuery
from services.catalog.products.schemas import ProductQuery
from services.crm.contacts.schemas import ContactQuery
from services.crm.deals.schemas import DealQuery
from services.crm.tasks.schemas import TaskQuery
from services.notifications.notices.schemas import NoticeQuery
from services.orders.orders.schemas import OrderQuery

Pages = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class List:
    """A list to measure: where it is served, its tables with how their rows differ, and its pages by name.

    `make` sees to a row to copy in each table. In a page, `cursor: <deep>` begins in the middle of the rows, and
    `<few>` stands for a word that 20 rows have.
    """

    service: str
    path: str
    query: type[ListQuery]
    make: Callable[[Suite, Builder, Shop], None]
    tables: Mapping[str, Mapping[str, str]]
    pages: Pages = field(default_factory=dict)

    @property
    def table(self) -> str:
        """The table of the rows that the list shows."""
        return next(iter(self.tables))


# The row number n was made n seconds before noon.
_NOON = "timestamptz '2026-06-01 12:00:00+00'"
_AGO = f"{_NOON} - n * interval '1 second'"
_NOW, _THEN = "2026-06-01T11:58:20Z", "2026-06-01T11:45:00Z"
_ROW = {"id": UUID7, "created_at": _AGO, "updated_at": _AGO}
# A word that few rows have, one that all have and one that none has; and one of a row in 200.
FEW, _ALL, _NONE, _SOME = "md5('w' || n / 20)", "blend", "zzyzx", "someword"
_WORDS = f"'Blend ' || {FEW} || CASE WHEN n % 200 = 0 THEN ' {_SOME}' ELSE '' END"
_RARE, _USUAL, _NOBODY = (f"01900000-0000-7000-8000-00000000000{n}" for n in (1, 2, 3))
_PERSON = f"(CASE WHEN n % 100 = 0 THEN '{_RARE}' ELSE '{_USUAL}' END)::uuid"
_AMOUNT = "1000 + (n::bigint * 7919) % 90000"
_SEARCHES: Pages = {
    "search, 20 rows found": {"q": "<few>"},
    "search, 1 in 200 found, 5 a page": {"q": _SOME, "limit": "5"},
    "search, all rows found": {"q": _ALL},
    "search, none found": {"q": _NONE},
    "search by name, all found": {"q": _ALL, "order": "name"},
    "search by name, none found": {"q": _NONE, "order": "name"},
}
_UNNAMED_SEARCHES = {name: page for name, page in _SEARCHES.items() if "order" not in page}
_CREATED: Pages = {
    "filter by time, from and to": {"created_at_from": _THEN, "created_at_to": _NOW},
    "sorted by time of change": {"order": "updated_at"},
}


def _filters(column: str, rare: str, usual: str, none: str) -> Pages:
    return {
        f"filter by {column}, 1 in 100, 10 a page": {column: rare, "limit": "10"},
        f"filter by {column}, nearly all": {column: usual},
        f"filter by {column}, none": {column: none},
    }


def _product(_: Suite, __: Builder, ___: Shop) -> None:
    pass


def _contact(_: Suite, builder: Builder, shop: Shop) -> None:
    _made(
        builder, shop, "/contacts", {"first_name": "Naledi", "last_name": "Mokoena", "phone": "+27215550101"}
    )


def _deal(_: Suite, builder: Builder, shop: Shop) -> None:
    _made(builder, shop, "/deals", {"name": "Twenty machines", "amount": {"amount": 100, "currency": "ZAR"}})


def _task(_: Suite, builder: Builder, shop: Shop) -> None:
    _made(builder, shop, "/tasks", {"name": "Call the roastery", "due_at": "2026-06-01T12:00:00Z"})


def _order(suite: Suite, _: Builder, shop: Shop) -> None:
    offer(Load(suite.url, whole.__name__, [shop.to_json()], connections=1, count=1))


def _made(builder: Builder, shop: Shop, path: str, body: Mapping[str, object]) -> None:
    builder.call("POST", path, token=shop.owner_token, tenant=shop.tenant_id, json=body)


LISTS = (
    List(
        "catalog",
        "/products",
        ProductQuery,
        _product,
        {
            "catalog.products": {
                "name": _WORDS,
                "slug": "'blend-' || n",
                "search_text": f"{_WORDS} || ' hb-' || n",
                "filter_values": "jsonb_build_object('roast', jsonb_build_array("
                "CASE WHEN n % 200 = 0 THEN 'dark' ELSE 'light' END))",
                "status": "CASE WHEN n % 100 = 0 THEN 'draft' ELSE 'active' END",
                "price_amount": _AMOUNT,
                **_ROW,
            },
            "catalog.variants": {"product_id": UUID7, "sku": "'blend-' || n", **_ROW},
            "catalog.stock_levels": {
                "variant_id": UUID7,
                "on_hand": "CASE WHEN n % 100 = 50 THEN 0 ELSE 9 END",
                "reserved": "0",
                "allocated": "0",
                **_ROW,
            },
        },
        {
            "first page": {},
            "deep page": {"cursor": "<deep>"},
            **_filters("status", "draft", "active", "archived"),
            "filter by two statuses": {"status": "draft,archived", "limit": "10"},
            "filter by attribute, 1 in 200, 5 a page": {"attr.roast": "dark", "limit": "5"},
            "filter by attribute, nearly all": {"attr.roast": "light"},
            "filter by attribute, none": {"attr.roast": "green"},
            "filter by price, from": {"price_min": "85000"},
            "filter by slug": {"slug": "blend-77"},
            "in stock": {"in_stock": "true"},
            "sold out, 1 in 100, 10 a page": {"in_stock": "false", "limit": "10"},
            "sorted by name": {"order": "name"},
            "sorted by name, deep": {"order": "name", "cursor": "<deep>"},
            "sorted by price, falling": {"order": "-price"},
            "sorted by time of change": {"order": "updated_at"},
            **_SEARCHES,
        },
    ),
    List(
        "crm",
        "/contacts",
        ContactQuery,
        _contact,
        {
            "crm.contacts": {
                "name": _WORDS,
                "email": "'c' || n || '@example.com'",
                "owner_id": _PERSON,
                **_ROW,
            }
        },
        {
            "first page": {},
            "deep page": {"cursor": "<deep>"},
            **_filters("owner_id", _RARE, _USUAL, _NOBODY),
            "filter by e-mail": {"email": "c7@example.com"},
            "sorted by name": {"order": "name"},
            "sorted by name, deep": {"order": "name", "cursor": "<deep>"},
            **_CREATED,
            **_SEARCHES,
        },
    ),
    List(
        "crm",
        "/deals",
        DealQuery,
        _deal,
        {
            "crm.deals": {
                "name": _WORDS,
                "owner_id": _PERSON,
                "status": "CASE WHEN n % 100 = 0 THEN 'won' ELSE 'open' END",
                "closed_at": f"CASE WHEN n % 100 = 0 THEN {_AGO} END",
                "amount_minor": _AMOUNT,
                "expected_close_on": "CASE WHEN n % 2 = 0 THEN date '2026-06-01' + n % 300 END",
                **_ROW,
            }
        },
        {
            "first page": {},
            "deep page": {"cursor": "<deep>"},
            **_filters("status", "won", "open", "lost"),
            "filter by two statuses": {"status": "won,lost", "limit": "10"},
            "filter by amount, from": {"amount_min": "85000"},
            "filter by day, to": {"expected_close_on_to": "2026-07-15"},
            "sorted by name": {"order": "name"},
            "sorted by amount, falling": {"order": "-amount"},
            "sorted by amount, deep": {"order": "amount", "cursor": "<deep>"},
            "sorted by day, falling": {"order": "-expected_close_on"},
            "sorted by end, 10 a page": {"order": "closed_at", "limit": "10"},
            **_CREATED,
            **_SEARCHES,
        },
    ),
    List(
        "crm",
        "/tasks",
        TaskQuery,
        _task,
        {
            "crm.tasks": {
                "name": _WORDS,
                "assignee_id": _PERSON,
                "status": "CASE WHEN n % 100 = 0 THEN 'done' ELSE 'todo' END",
                "completed_at": f"CASE WHEN n % 100 = 0 THEN {_AGO} END",
                "priority": "CASE WHEN n % 100 = 0 THEN 'high' ELSE 'normal' END",
                "due_at": f"CASE WHEN n % 3 <> 0 THEN {_NOON} + n % 9973 * interval '1 hour' END",
                **_ROW,
            }
        },
        {
            "first page": {},
            "deep page": {"cursor": "<deep>"},
            **_filters("status", "done", "todo", "cancelled"),
            **_filters("assignee_id", _RARE, _USUAL, _NOBODY),
            "filter by two priorities": {"priority": "high,low", "limit": "10"},
            "filter by due time, from": {"due_at_from": "2026-06-20T00:00:00Z"},
            "sorted by due time": {"order": "due_at"},
            "sorted by due time, deep": {"order": "due_at", "cursor": "<deep>"},
            **_CREATED,
            **_UNNAMED_SEARCHES,
        },
    ),
    List(
        "orders",
        "/orders",
        OrderQuery,
        _order,
        {
            "orders.orders": {
                "number": "'B-' || lpad(n::text, 8, '0')",
                "customer_name": _WORDS,
                "customer_user_id": _PERSON,
                "email": "'c' || n % 1000 || '@example.com'",
                # None that a timed job would take up.
                "status": "CASE WHEN n % 100 = 0 THEN 'cancelled' ELSE 'completed' END",
                "placed_at": _AGO,
                "subtotal_amount": _AMOUNT,
                "total_amount": _AMOUNT,
                "discount_amount": "0",
                "shipping_amount": "0",
                "tax_amount": "0",
                **_ROW,
            }
        },
        {
            "first page": {},
            "deep page": {"cursor": "<deep>"},
            **_filters("status", "cancelled", "completed", "paid"),
            **_filters("customer_user_id", _RARE, _USUAL, _NOBODY),
            "filter by e-mail, 1 a page": {"email": "c7@example.com", "limit": "1"},
            "filter by number": {"number": "B-00000077"},
            "filter by time, from and to": {"placed_at_from": _THEN, "placed_at_to": _NOW},
            "filter by total, from": {"total_min": "85000"},
            "sorted by number": {"order": "number"},
            "sorted by number, deep": {"order": "number", "cursor": "<deep>"},
            "sorted by total, falling": {"order": "-total_amount"},
            "sorted by time of order": {"order": "placed_at"},
            "sorted by time of change": {"order": "updated_at"},
            **_UNNAMED_SEARCHES,
        },
    ),
    List(
        "notifications",
        "/notifications",
        NoticeQuery,
        # Their owner was told that the business is active.
        _product,
        {
            "notifications.notifications": {
                # Those of the owner, who asks, are nine in ten; of all of them one in 100 was read.
                "user_id": f"CASE WHEN n % 10 < 9 THEN pattern.tenant_id ELSE '{_USUAL}'::uuid END",
                "dedupe_key": "'copy-' || n",
                "title": _WORDS,
                "type": "CASE WHEN n % 200 = 0 THEN 'rare' ELSE 'usual' END",
                "read_at": f"CASE WHEN n % 100 = 0 THEN {_AGO} END",
                **_ROW,
            }
        },
        {
            "first page, 20 a page": {"limit": "20"},
            "deep page, 20 a page": {"cursor": "<deep>", "limit": "20"},
            "unread, 20 a page": {"unread": "true", "limit": "20"},
            "read, 10 a page": {"unread": "false", "limit": "10"},
            "filter by type, 5 a page": {"type": "rare", "limit": "5"},
            "archived, none": {"archived": "true"},
            "search, none found": {"q": _NONE},
        },
    ),
)
