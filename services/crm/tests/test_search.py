"""Searching lists: every way that a search takes gives what reading all rows would."""

from collections.abc import Iterator
from itertools import product
from typing import Any
from uuid import UUID

import psycopg
import pytest

from libs.common.settings import CommonSettings
from libs.common.testing.client import Client

PEOPLE: list[dict[str, Any]] = [
    {"first_name": "Thandi", "last_name": "Nkosi", "email": "thandi@mail.example", "phone": "+27 82 555-01"},
    {"first_name": "THANDEKA", "last_name": "O'Brien", "email": "ob@zq.example"},
    {"first_name": "Иван", "last_name": "Петров", "email": "ivan.petrov@mail.example"},
    {"first_name": "Әйгүл", "last_name": "Ғани", "phone": "+7 701 100%"},
    {"first_name": "小龍", "last_name": "李"},
    {"first_name": "Zoë", "last_name": "Ünal", "email": "z_oe@mail.example"},
    {"first_name": "Back\\slash", "last_name": "Quo\"te's & | ! ( ) : *"},
    {"first_name": "Zo", "last_name": "Q"},
    *({"first_name": f"Person {n}", "last_name": "Many"} for n in range(8)),
]
TERMS = (
    "thand", "THANDI N", "nkosi", "@mail", "555-0", "иван", "ПЕТР", "ғани", "Ә", "龍", "李", "小龍 李", "ü", "zoë ün",
    "%", "0%", "_", "z_", "\\", "k\\s", "'", "o'b", '"', "& |", ": *", "zq", "q", "z", "person 3", "many", "person",
    "nobody", "thandi nkosi and much more than anybody is called, " * 3, " ", "  ", "\n", "a b",
)  # fmt: skip


@pytest.fixture
async def people(client: Client) -> list[dict[str, Any]]:
    """The contacts, as they were made."""
    return [(await client.post("/contacts", json=person)).json() for person in PEOPLE]


async def everything(client: Client, path: str, **params: Any) -> list[dict[str, Any]]:
    """The rows of a list, read in small pages."""
    rows: list[dict[str, Any]] = []
    while True:
        response = await client.get(path, params={"limit": 3, **params})
        assert response.status_code == 200, response.text
        page = response.json()
        rows += page["items"]
        if page["next_cursor"] is None:
            return rows
        params["cursor"] = page["next_cursor"]


@pytest.mark.parametrize("order", ["-created_at", "name", "-updated_at"])
async def test_a_search_finds_what_contains_the_text_in_the_order_of_the_list(
    client: Client, people: list[dict[str, Any]], order: str
) -> None:
    rows = await everything(client, "/contacts", order=order)
    assert len(rows) == len(people)
    for term in TERMS:
        expected = [
            row["id"]
            for row in rows
            if any(term.lower() in (row[name] or "").lower() for name in ("name", "email", "phone"))
        ]
        found = await everything(client, "/contacts", order=order, q=term)
        assert [row["id"] for row in found] == expected, term


async def test_a_search_looks_at_what_a_text_is_now(client: Client, people: list[dict[str, Any]]) -> None:
    path = f"/contacts/{people[0]['id']}"
    await client.patch(path, json={"email": "somebody@new.example"})

    assert not await everything(client, "/contacts", q="thandi@")
    assert len(await everything(client, "/contacts", q="body@new")) == 1
    await client.delete(path)
    assert not await everything(client, "/contacts", q="body@new")


async def test_rows_without_a_value_come_last_in_either_direction(client: Client) -> None:
    for n, due in enumerate(
        ["2027-01-02T00:00:00Z", None, "2027-01-01T00:00:00Z", None, "2027-01-01T00:00:00Z"]
    ):
        made = await client.post("/tasks", json={"name": f"Task {n}", "due_at": due, "priority": "high"})
        assert made.status_code == 201, made.text
    for order in ("due_at", "-due_at"):
        for filters in ({}, {"q": "task"}, {"priority": ["high", "low"]}):
            rows = await everything(client, "/tasks", order=order, limit=2, **filters)
            dues = [row["due_at"] for row in rows]
            with_due = sorted(filter(None, dues), reverse=order.startswith("-"))
            assert dues == [*with_due, None, None], (order, filters)
            assert len({row["id"] for row in rows}) == 5


async def test_several_values_of_a_filter_are_one_list(client: Client) -> None:
    for n in range(12):
        priority = ("low", "high", "normal")[n % 3]
        made = await client.post("/tasks", json={"name": f"Task {n}", "priority": priority})
        assert made.status_code == 201, made.text
    for order in ("-created_at", "created_at", "due_at"):
        rows = await everything(client, "/tasks", order=order)
        expected = [row["id"] for row in rows if row["priority"] != "normal"]
        found = await everything(
            client, "/tasks", order=order, priority=["low", "high", "low"], status="todo"
        )
        assert [row["id"] for row in found] == expected


# More rows than a search looks at in order, and more of a word than it sorts at once.
ROWS = 21_000
MANY_TASKS = f"""
INSERT INTO crm.tasks (tenant_id, id, name, status, priority, tags, created_at, updated_at, due_at)
SELECT %(tenant)s, ('01900000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid,
    'Task ' || md5(i::text)
    || CASE WHEN i %% 150 = 1 OR (i < 4000 AND i %% 8 = 1) THEN ' middling' WHEN i %% 1000 = 2 THEN ' rare' ELSE '' END
    || CASE WHEN i <= 2500 THEN ' early' ELSE '' END
    || CASE WHEN i %% 3 = 0 THEN ' often' ELSE '' END
    || CASE WHEN i BETWEEN 4900 AND 6900 THEN ' together' ELSE '' END,
    'todo', CASE WHEN i %% 7 = 0 THEN 'high' ELSE 'normal' END, '[]',
    '2026-01-01Z'::timestamptz + i * interval '1 minute', '2026-01-01Z',
    CASE WHEN i %% 3 > 0 THEN '2026-01-01Z'::timestamptz + (i * 7919 %% {ROWS}) * interval '1 minute' END
FROM generate_series(1, {ROWS}) i
"""


@pytest.fixture
def many_tasks(
    client: Client, common_settings: CommonSettings, tenant_id: UUID
) -> Iterator[psycopg.Connection[Any]]:
    """A connection to the tasks of a business that has many."""
    url = common_settings.service_database_url("crm").replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT set_config('app.tenant_id', %s, false)", [str(tenant_id)])
        connection.execute(MANY_TASKS, {"tenant": tenant_id})
        yield connection


ORDERS = {
    "-created_at": "created_at DESC, id DESC",
    "created_at": "created_at, id",
    "due_at": "due_at NULLS LAST, id",
    "-due_at": "due_at DESC NULLS LAST, id DESC",
    "-updated_at": "updated_at DESC, id DESC",
}


async def test_a_search_among_many_rows_finds_the_same_by_every_way(
    client: Client, many_tasks: psycopg.Connection[Any]
) -> None:
    terms = ("middling", "rare", "early", "often", "together", "early middling")
    for n, ((order, sorted_by), term) in enumerate(product(ORDERS.items(), terms)):
        priority = "high" if n % 4 == 3 else None
        found: list[str] = []
        params: dict[str, Any] = {
            "q": term,
            "order": order,
            "limit": 50,
            "priority": priority,
            "cursor": None,
        }
        while len(found) < 150:
            sent = {name: value for name, value in params.items() if value is not None}
            page = (await client.get("/tasks", params=sent)).json()
            found += [row["id"] for row in page["items"]]
            params["cursor"] = page["next_cursor"]
            if params["cursor"] is None:
                break
        expected = many_tasks.execute(
            "SELECT id::text FROM crm.tasks WHERE name ILIKE %s AND (%s::text IS NULL OR priority = %s) "
            f"ORDER BY {sorted_by} LIMIT 150",
            [f"%{term}%", priority, priority],
        ).fetchall()
        assert found == [row_id for (row_id,) in expected], (order, term, priority)
