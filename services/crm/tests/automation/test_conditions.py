"""The algebra of conditions, and how fields of each kind are compared."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.crm.automation.conditions import Condition, check, judge
from services.crm.automation.vocabulary import Facts, Vocabulary

NOW = datetime(2026, 3, 31, 9, 30, tzinfo=UTC)
WORDS = Vocabulary.of("deal", "crm.deal_won.v1")
AMOUNTS = st.one_of(st.none(), st.integers(0, 5))
TAGS = st.lists(st.sampled_from("abc"), max_size=3)
COMPARISONS = st.one_of(
    st.builds(
        lambda operator, value: {"field": "deal.amount", "operator": operator, "value": value},
        st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte"]),
        st.integers(0, 5),
    ),
    st.builds(
        lambda operator, value: {"field": "deal.tags", "operator": operator, "value": value},
        st.sampled_from(["contains", "not_contains"]),
        st.sampled_from("abc"),
    ),
    st.builds(
        lambda operator: {"field": "deal.name", "operator": operator},
        st.sampled_from(["is_set", "is_not_set"]),
    ),
)
CONDITIONS = st.recursive(
    COMPARISONS,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"and": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"or": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=6,
)
FACTS = st.builds(
    lambda amount, tags, name: facts(
        amount=None if amount is None else {"amount": amount, "currency": "ZAR"}, tags=tags, name=name
    ),
    AMOUNTS,
    TAGS,
    st.sampled_from([None, "", "Karoo"]),
)


def facts(**deal: Any) -> Facts:
    """What is known of a deal."""
    return Facts.of(NOW, rule={}, object_type="deal", found=deal, event={"reason": None})


def holds(raw: Any, known: Facts) -> bool:
    """Whether a condition holds as a rule would see it: checked, kept, read again."""
    checked = (
        check(Condition.model_validate(raw), WORDS) if _depth(raw) <= 5 else Condition.model_validate(raw)
    )
    return judge(Condition.model_validate(checked.to_json()), WORDS, known).holds


def _depth(raw: dict[str, Any]) -> int:
    inner = raw.get("and") or raw.get("or") or ([raw["not"]] if "not" in raw else [])
    return 1 + max(map(_depth, inner)) if inner else 0


@given(st.lists(CONDITIONS, min_size=1, max_size=3), FACTS)
def test_and_or_and_not_are_those_of_logic(parts: list[Any], known: Facts) -> None:
    alone = [holds(part, known) for part in parts]

    assert holds({"and": parts}, known) == all(alone)
    assert holds({"or": parts}, known) == any(alone)
    assert [holds({"not": part}, known) for part in parts] == [not one for one in alone]
    # De Morgan.
    assert holds({"not": {"and": parts}}, known) == holds({"or": [{"not": p} for p in parts]}, known)
    assert holds({"and": list(reversed(parts))}, known) == holds({"and": parts}, known)


@given(COMPARISONS, FACTS)
def test_an_operator_and_its_denial_never_agree(comparison: dict[str, Any], known: Facts) -> None:
    opposite = {"eq": "ne", "ne": "eq", "contains": "not_contains", "not_contains": "contains"}
    opposite |= {"is_set": "is_not_set", "is_not_set": "is_set"}
    if comparison["operator"] in opposite:
        denied = {**comparison, "operator": opposite[comparison["operator"]]}
        assert holds(comparison, known) is not holds(denied, known)


@given(AMOUNTS, st.integers(0, 5))
def test_order_is_total_where_there_is_a_value_and_nothing_where_there_is_none(
    amount: Any, value: int
) -> None:
    known = facts(amount=None if amount is None else {"amount": amount, "currency": "ZAR"})

    found = {
        operator: holds({"field": "amount", "op": operator, "value": value}, known)
        for operator in ("lt", "lte", "eq", "gte", "gt")
    }

    if amount is None:
        assert not any(found.values())
    else:
        assert found == {
            "lt": amount < value,
            "lte": amount <= value,
            "eq": amount == value,
            "gte": amount >= value,
            "gt": amount > value,
        }


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [
        ({"field": "deal.name", "operator": "eq", "value": "KAROO coffee"}, True),
        ({"field": "deal.name", "operator": "contains", "value": "coff"}, True),
        ({"field": "deal.name", "operator": "ends_with", "value": "x"}, False),
        ({"field": "deal.name", "operator": "in", "value": ["x", "karoo coffee"]}, True),
        ({"field": "deal.name", "operator": "not_in", "value": ["x"]}, True),
        ({"field": "deal.status", "operator": "in", "value": ["open", "won"]}, True),
        ({"field": "deal.won_reason", "operator": "eq", "value": None}, True),
        ({"field": "deal.won_reason", "operator": "ne", "value": "x"}, True),
        ({"field": "deal.created_at", "operator": "lt", "value": "now-7d"}, True),
        ({"field": "deal.created_at", "operator": "lt", "value": "now-P30D"}, False),
        ({"field": "deal.created_at", "operator": "gte", "value": "2026-03-01"}, True),
        ({"field": "deal.expected_close_on", "operator": "lte", "value": "now+2d"}, True),
        ({"field": "deal.amount.currency", "operator": "eq", "value": "zar"}, True),
        ({"field": "object.probability", "operator": "gt", "value": 49.5}, True),
        ({"field": "event.reason", "operator": "is_set"}, False),
    ],
)
def test_fields_of_each_kind_are_compared(comparison: dict[str, Any], expected: bool) -> None:
    known = facts(
        name="Karoo Coffee",
        status="open",
        amount={"amount": 5, "currency": "ZAR"},
        created_at=datetime(2026, 3, 10, tzinfo=UTC),
        expected_close_on=datetime(2026, 4, 2, tzinfo=UTC).date(),
        probability=50,
    )

    assert holds(comparison, known) is expected
