"""Searching lists: every way that a search takes gives what reading all rows would."""

from typing import Any

import pytest

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
