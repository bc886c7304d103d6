"""Which requirement and which rule holds, and what checks and answers come to: pure functions."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.ids import new_id
from libs.common.money import Money
from services.identity.registrations.requirements.checks import CHECKS, Applicant
from services.identity.registrations.requirements.content import content_type_of, decoded
from services.identity.registrations.requirements.fields import wrong_with
from services.identity.registrations.requirements.matching import applicable
from services.identity.registrations.rules.choosing import Terms, choose

PRODUCTS, COUNTRIES = ("a", "b"), ("ZA", "KZ")


@dataclass(frozen=True)
class Row:
    """What a requirement has of it."""

    code: str
    product: str | None
    country: str | None
    is_active: bool


rows = st.lists(
    st.builds(
        Row,
        st.sampled_from(["x", "y"]),
        st.sampled_from([None, *PRODUCTS]),
        st.sampled_from([None, *COUNTRIES]),
        st.booleans(),
    ),
    unique_by=lambda row: (row.code, row.product, row.country),
)


@given(rows, st.sampled_from(PRODUCTS), st.sampled_from([None, *COUNTRIES]))
def test_of_each_code_the_most_specific_row_counts(
    found: list[Row], product: str, country: str | None
) -> None:
    counted = {row.code: row for row in applicable(found, product, country)}

    for code in ("x", "y"):
        by_place = {(row.product, row.country): row for row in found if row.code == code}
        places = [(product, country), (product, None), (None, country), (None, None)]
        best = next((by_place[place] for place in places if place in by_place), None)
        assert counted.get(code) == (best if best and best.is_active else None)


@given(rows, st.randoms())
def test_the_order_of_rows_does_not_matter(found: list[Row], random: Any) -> None:
    shuffled = random.sample(found, len(found))

    assert applicable(shuffled, "a", "ZA") == applicable(found, "a", "ZA")


def rule(**fields: Any) -> Any:
    """A rule in memory."""
    known = {name: getattr(Terms(), name) for name in Terms.__slots__}
    place = {"product": None, "country": None, "from_minor": None, "currency": None, "is_active": True}
    return SimpleNamespace(
        **{"id": new_id(), "created_at": datetime(2026, 1, 1, tzinfo=UTC), **place, **known, **fields}
    )


def test_without_a_rule_one_approval_is_enough_and_the_deal_decides() -> None:
    assert choose([], "a", "ZA", []) == Terms(approvals=1, deal_counts="decision", review_seconds=None)


@pytest.mark.parametrize(
    ("amount", "currency", "approvals"),
    [(None, "ZAR", 1), (999, "ZAR", 1), (1000, "ZAR", 2), (5000, "ZAR", 3), (1, "USD", 3), (0, "USD", 1)],
)
def test_the_highest_amount_reached_in_its_currency_counts(
    amount: int | None, currency: str, approvals: int
) -> None:
    found = [
        rule(approvals=3, from_minor=5000, currency="ZAR"),
        rule(approvals=1),
        rule(approvals=2, from_minor=1000, currency="ZAR"),
    ]
    amounts = [] if amount is None else [Money(amount=amount, currency=currency)]

    assert choose(found, "a", "ZA", amounts).approvals == approvals


def test_a_narrower_rule_comes_before_a_wider_one_and_the_newest_of_equals_counts() -> None:
    old, new = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    found = [
        rule(approvals=4, from_minor=1, currency="ZAR"),
        rule(approvals=2, product="a", created_at=new),
        rule(approvals=3, product="a", created_at=old - timedelta(days=1)),
        rule(approvals=9, product="a", country="ZA", is_active=False),
    ]

    assert choose(found, "a", "ZA", [Money(amount=9, currency="ZAR")]).approvals == 2


@pytest.mark.parametrize(
    ("country", "number", "outcome"),
    [
        ("ZA", "2019/123456/07", "passed"),
        ("ZA", "2019/123456", "failed"),
        ("GB", "sc123456", "passed"),
        ("DE", "HRB 12345", "passed"),
        ("KZ", "12345678901", "failed"),
        ("AQ", "anything", "skipped"),
        ("ZA", None, "failed"),
    ],
)
def test_registration_numbers_are_told_by_country(country: str, number: str | None, outcome: str) -> None:
    applicant = Applicant(country, number, "a@b.example", None)

    assert CHECKS["registration_number"](applicant, {})[0] == outcome


@pytest.mark.parametrize(
    ("email", "website", "outcome"),
    [
        ("me@gmail.com", None, "failed"),
        ("me@karoo.example", None, "passed"),
        ("me@karoo.example", "https://www.karoo.example/shop", "passed"),
        ("me@mail.karoo.example", "karoo.example", "passed"),
        ("me@other.example", "https://karoo.example", "failed"),
        ("me@evilkaroo.example", "https://karoo.example", "failed"),
        ("me@x.example", "http://[", "passed"),
    ],
)
def test_addresses_are_compared_with_the_website(email: str, website: str | None, outcome: str) -> None:
    assert CHECKS["email_domain"](Applicant("ZA", None, email, website), {})[0] == outcome


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        ({}, ["x"], ["", " ", 7, True]),
        ({"type": "text", "pattern": "[0-9]{3}"}, ["123"], ["1234", "12"]),
        ({"type": "text", "pattern": "a*a*a*"}, ["a" * 200], ["a" * 199 + "b", "a" * 201]),
        ({"type": "text", "max_length": 2}, ["ab"], ["abc"]),
        ({"type": "number", "min": 1, "max": 3}, [1, 3], [0, 4, True, "1"]),
        ({"type": "boolean"}, [True, False], [1, "true"]),
        ({"type": "date"}, ["2026-05-31"], ["2026-02-30", "31 May", 5]),
        ({"type": "choice", "choices": ["a"]}, ["a"], ["b", 1]),
    ],
)
def test_answers_fit_their_fields(rule: dict[str, Any], good: list[Any], bad: list[Any]) -> None:
    assert [wrong_with(answer, rule) for answer in good] == [None] * len(good)
    assert all(wrong_with(answer, rule) for answer in bad)


@given(st.binary(max_size=40))
def test_only_known_beginnings_are_documents(content: bytes) -> None:
    known = content_type_of(content)

    assert (known is None) != content.startswith((b"%PDF-", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"))
    assert decoded("not base64!") is None
