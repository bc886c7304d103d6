"""Periods and parts of them, whatever the figures: no second is lost or counted twice, nor is any cent."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from libs.common.money import MAX_AMOUNT
from services.payments.subscriptions.periods import LONGEST, period_start
from services.payments.subscriptions.proration import PPM, part, rest_of, tax_on

ANCHORS = st.integers(946_684_800, 4_102_444_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
LENGTHS = st.sampled_from(sorted(LONGEST)).flatmap(
    lambda interval: st.tuples(st.just(interval), st.integers(1, LONGEST[interval]))
)
PRICES = st.integers(0, 9_000_000_000 * 100_000)


@given(ANCHORS, LENGTHS, st.integers(0, 100))
def test_periods_follow_each_other_and_keep_the_day(
    anchor: datetime, length: tuple[str, int], n: int
) -> None:
    starts = [period_start(anchor, *length, i) for i in range(n, n + 4)]

    assert all(a < b for a, b in pairwise(starts))
    assert period_start(anchor, *length, 0) == anchor
    for start in starts:
        assert start.time() == anchor.time()
        if length[0] in ("month", "year"):
            last = (start + timedelta(days=1)).month != start.month
            assert start.day == anchor.day or (last and start.day < anchor.day)


def test_a_day_that_a_month_lacks_moves_no_later_one() -> None:
    anchor = datetime(2024, 1, 31, tzinfo=UTC)
    starts = [period_start(anchor, "month", 1, n).date().isoformat() for n in range(5)]
    assert starts == ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30", "2024-05-31"]
    leap = datetime(2024, 2, 29, tzinfo=UTC)
    years = [period_start(leap, "year", 1, n).date().isoformat() for n in range(5)]
    assert years == ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]


@given(PRICES, st.integers(1, 5 * 366 * 86_400), st.data())
def test_what_was_used_and_what_is_left_are_the_whole(price: int, of: int, data: st.DataObject) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    end = start + timedelta(seconds=of)
    times = sorted(data.draw(st.lists(st.integers(-10, of + 10), min_size=1, max_size=6)))
    parts = [part(price, rest_of(start, end, start + timedelta(seconds=t))) for t in times]

    for one in parts:
        assert one.amount * one.rest.of + one.remainder == price * one.rest.seconds
        assert 0 <= one.remainder < one.rest.of
        assert 0 <= one.amount <= price
    used = [price - parts[0].amount, *(a.amount - b.amount for a, b in pairwise(parts)), parts[-1].amount]
    assert sum(used) == price
    assert min(used) >= 0


@given(st.lists(st.tuples(PRICES, st.integers(0, 1000)), min_size=1, max_size=8))
def test_any_changes_in_a_period_come_to_what_was_used_at_each_price(changes: list[tuple[int, int]]) -> None:
    start, of = datetime(2026, 1, 1, tzinfo=UTC), 1000
    end = start + timedelta(seconds=of)
    times = sorted(at for _, at in changes)
    price, charged, used, last = 12_345, 12_345, 0, of
    for (after, _), at in zip(changes, times, strict=True):
        rest = rest_of(start, end, start + timedelta(seconds=at))
        charged += part(after, rest).amount - part(price, rest).amount
        used += (
            part(price, rest_of(start, end, end - timedelta(seconds=last))).amount - part(price, rest).amount
        )
        price, last = after, rest.seconds
    used += part(price, rest_of(start, end, end - timedelta(seconds=last))).amount

    assert charged == used >= 0


@given(st.integers(0, MAX_AMOUNT // 2), st.integers(0, PPM))
def test_tax_is_within_half_a_minor_unit(net: int, rate: int) -> None:
    tax = tax_on(net, rate)

    assert abs(tax * PPM - net * rate) * 2 <= PPM
    assert 0 <= tax <= net
