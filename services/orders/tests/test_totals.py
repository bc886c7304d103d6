"""The arithmetic of totals, as properties."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.money import MAX_AMOUNT, MAX_PRICE
from services.orders.totals import (
    MAX_QUANTITY,
    PPM,
    SHIPPING_CLASS,
    Line,
    TaxRule,
    Totals,
    TotalsTooLarge,
    compute,
)

classes = st.sampled_from(["standard", "reduced", "zero", SHIPPING_CLASS])
lines = st.lists(
    st.builds(Line, st.integers(1, 1000), st.integers(0, 10_000_000), classes), min_size=0, max_size=12
)
rules = st.dictionaries(classes, st.builds(TaxRule, st.integers(0, PPM), st.booleans()))
amounts = st.integers(0, 10_000_000)


@given(lines, amounts, amounts, rules)
def test_every_sum_re_adds(
    bought: list[Line], shipping: int, discount: int, taxes: dict[str, TaxRule]
) -> None:
    totals = compute(bought, shipping=shipping, discount=discount, taxes=taxes)

    assert totals.total == totals.subtotal - totals.discount + totals.shipping + totals.tax
    assert totals.subtotal == sum(line.unit_amount * line.quantity for line in bought)
    assert totals.subtotal == sum(line.subtotal for line in totals.lines)
    assert totals.discount == sum(line.discount for line in totals.lines) == min(discount, totals.subtotal)
    assert sum(line.total for line in totals.lines) == totals.subtotal - totals.discount
    assert all(type(value) is int for value in _figures(totals))


@given(lines, amounts, amounts, rules)
def test_no_figure_is_negative_and_no_discount_exceeds_its_line(
    bought: list[Line], shipping: int, discount: int, taxes: dict[str, TaxRule]
) -> None:
    totals = compute(bought, shipping=shipping, discount=discount, taxes=taxes)

    assert min(_figures(totals)) >= 0
    assert all(line.discount <= line.subtotal for line in totals.lines)


@given(lines, amounts, st.builds(TaxRule, st.integers(0, PPM), st.booleans()))
def test_tax_is_right_to_the_half_unit(bought: list[Line], discount: int, rule: TaxRule) -> None:
    bought = [Line(line.quantity, line.unit_amount) for line in bought]

    totals = compute(bought, discount=discount, taxes={"standard": rule})

    net = totals.subtotal - totals.discount
    base = PPM + rule.ppm if rule.inclusive else PPM
    tax = totals.tax_included if rule.inclusive else totals.tax
    assert abs(tax * base - net * rule.ppm) * 2 <= base
    assert (totals.tax if rule.inclusive else totals.tax_included) == 0
    assert sum(line.tax + line.tax_included for line in totals.lines) == tax


@given(lines, amounts)
def test_without_rules_there_is_no_tax(bought: list[Line], shipping: int) -> None:
    totals = compute(bought, shipping=shipping)

    assert (totals.tax, totals.tax_included) == (0, 0)


@given(lines)
def test_the_order_of_lines_does_not_change_the_total(bought: list[Line]) -> None:
    taxes = {"standard": TaxRule(150_000), "reduced": TaxRule(70_000, inclusive=True)}

    assert compute(bought, taxes=taxes).total == compute(bought[::-1], taxes=taxes).total


def test_a_sum_beyond_what_json_holds_exactly_is_refused() -> None:
    dearest = Line(MAX_QUANTITY, MAX_PRICE)

    assert compute([dearest]).total == MAX_QUANTITY * MAX_PRICE <= MAX_AMOUNT
    with pytest.raises(TotalsTooLarge):
        compute([dearest, dearest])
    with pytest.raises(TotalsTooLarge):
        compute([dearest], shipping=MAX_AMOUNT)


def test_vat_as_a_receipt_shows_it() -> None:
    bought, vat = [Line(2, 19900), Line(1, 3333)], 150_000

    exclusive = compute(bought, shipping=5000, taxes={"standard": TaxRule(vat), SHIPPING_CLASS: TaxRule(vat)})
    inclusive = compute(bought, shipping=5000, taxes={"standard": TaxRule(vat, inclusive=True)})

    assert (exclusive.tax, exclusive.total) == (6470 + 750, 43133 + 5000 + 7220)
    assert (inclusive.tax, inclusive.tax_included, inclusive.total) == (0, 5626, 48133)


def _figures(totals: Totals) -> list[int]:
    whole = [totals.subtotal, totals.discount, totals.shipping, totals.tax, totals.tax_included, totals.total]
    return whole + [n for x in totals.lines for n in (x.subtotal, x.discount, x.tax, x.tax_included, x.total)]
