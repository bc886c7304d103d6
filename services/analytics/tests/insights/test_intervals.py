"""The intervals against tables and by their own laws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.analytics.insights.intervals import false_discoveries, t_quantile, two_sided_p, wilson


@pytest.mark.parametrize(
    ("freedom", "table"), [(8, 2.3060), (10, 2.2281), (26, 2.0555), (60, 2.0003), (1000, 1.9623)]
)
def test_quantiles_of_t_are_those_of_the_tables(freedom: int, table: float) -> None:
    assert t_quantile(0.975, freedom) == pytest.approx(table, rel=1e-3)


def test_the_tails_of_the_normal_distribution() -> None:
    assert two_sided_p(1.959964) == pytest.approx(0.05, abs=1e-6)
    assert two_sided_p(-4) == pytest.approx(6.334e-5, rel=1e-3)


def test_the_interval_of_a_share_is_that_of_wilson() -> None:
    # As in Brown, Cai and DasGupta (2001): no width of zero at no hits.
    assert wilson(0, 10) == (0.0, pytest.approx(0.2775, abs=1e-4))
    assert wilson(5, 10) == (pytest.approx(0.2366, abs=1e-4), pytest.approx(0.7634, abs=1e-4))
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_share(counts: tuple[int, int]) -> None:
    hits, trials = counts
    low, high = wilson(hits, trials)
    assert 0 <= low <= hits / trials <= high <= 1


def test_of_many_tests_those_stand_that_the_rate_allows() -> None:
    # The example of Benjamini and Hochberg's paper: at 5 % the four smallest of fifteen stand.
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459]
    p += [0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    assert false_discoveries(p, 0.05) == [True] * 4 + [False] * 11
    assert false_discoveries([0.6, 0.01], 0.05) == [False, True]
    assert false_discoveries([], 0.05) == []
