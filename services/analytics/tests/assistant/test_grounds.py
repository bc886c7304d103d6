"""Numbers of a text held against figures."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.analytics.assistant.figures import Figure, FigureQuery, amount, plain
from services.analytics.assistant.model.grounds import Grounds
from services.analytics.assistant.model.sentences import Sentences, Unfounded
from services.analytics.assistant.periods import Stretch

QUERY = FigureQuery(path="/api/v1/analytics/dashboard")
TODAY = date(2026, 11, 22)


def figure(label: str, value: float, **fields: str) -> Figure:
    """A figure."""
    return Figure(label=label, value=value, text=str(value), query=QUERY, field="/x", **fields)


@pytest.fixture
def grounds() -> Grounds:
    """Revenue of ZAR 1,234,567.89 in October, 42 orders, a share of 25.4 %, one product with digits in its name."""
    found = Grounds(TODAY)
    figures = [
        figure("Revenue", 123456789, currency="ZAR"),
        figure("Orders placed", 42, unit="orders"),
        figure("web, conversion", 0.254, unit="ratio"),
        figure("Blend 250g, pieces", 7, unit="pieces"),
        figure("2026-10-12, revenue", 500, currency="ZAR"),
    ]
    found.add(figures, Stretch("october", date(2026, 10, 1), date(2026, 11, 1)), ["october", 5])
    return found


@pytest.mark.parametrize(
    "text",
    [
        "Revenue was ZAR 1,234,567.89.",
        "Выручка 1 234 567,89 ZAR, это около 1,2 млн",
        "R1.234.567,89",
        "About 1.23 million, or 1,235k, rounded to 1,234,568",
        "1.2 миллиона",
        "**42** orders, and so on",
        "25.4% of leads, about 25 %",
        "a conversion of 0.25",
        "7 pieces of Blend 250g",
        "The top 5: five products",
        "1. Blend 250g\n2. Others\n3) And more",
        "From 2026-10-01 to 2026-10-31, as of 22 November 2026",
        "In October 2026, on 12 October and on 2026-10-12: ZAR 5.00",
        "в октябре 2026, 1 октября",
        "No numbers at all, but one idea",
    ],
)
def test_what_figures_show_is_founded(grounds: Grounds, text: str) -> None:
    assert grounds.unfounded(text) == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Revenue was ZAR 1,234,568.89.", "1,234,568.89"),
        ("43 orders", "43"),
        ("4 orders", "4"),
        ("420 orders", "420"),
        ("four orders", "four"),
        ("четыре заказа", "четыре"),
        ("26% of leads", "26"),
        ("0.42", "0.42"),
        ("1.3 million", "1.3 million"),
        ("revenue doubled", "doubled"),
        ("выросла вдвое", "вдвое"),
        ("half of it", "half"),
        ("in 2025", "2025"),
        ("on 13 October", "13"),
        ("２５ orders", "25"),
        ("250 pieces", "250"),
        ("about 10 000", "10 000"),
        ("½ of it", "1"),
        ("orders: 42 and 17", "17"),
        ("grew 3x", "3"),
        ("12%", "12"),
        ("R999", "999"),
        ("Q3", "3"),
    ],
)
def test_what_no_figure_shows_is_named(grounds: Grounds, text: str, named: str) -> None:
    assert named in grounds.unfounded(text)


def test_a_name_that_reads_as_an_amount_founds_nothing() -> None:
    grounds = Grounds(TODAY)
    grounds.add([figure("ZAR 1,000,000, revenue", 0, currency="ZAR"), figure("99, pieces", 0)], None, [])

    assert grounds.unfounded("Revenue was ZAR 1,000,000") == ["1,000,000"]
    assert grounds.unfounded("There are 99 of them") == ["99"]


@given(st.integers(0, 10**12), st.sampled_from(["ZAR", "JPY", "KWD"]))
def test_every_amount_is_founded_as_it_is_written(value: int, currency: str) -> None:
    grounds = Grounds(TODAY)
    grounds.add([figure("Revenue", value, currency=currency)], None, [])

    assert grounds.unfounded(f"It is {amount(value, currency)}.") == []


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_count_founds_itself_alone(value: int, other: int) -> None:
    grounds = Grounds(TODAY)
    grounds.add([figure("Orders", value)], None, [])

    assert grounds.unfounded(f"{plain(value)} orders") == []
    assert (grounds.unfounded(f"{other} orders") == []) == (other == value or f"{other}" == f"{TODAY.year}")


def test_sentences_are_let_through_once_they_are_founded(grounds: Grounds) -> None:
    sentences = Sentences(grounds)

    shown = [
        sentences.feed(part)
        for part in ("There are 4", "2 ord", "ers. Reve", "nue was ZAR 1,234,567.", "89\n- ")
    ]

    assert shown == ["", "", "There are 42 orders.", "", " Revenue was ZAR 1,234,567.89\n"]
    with pytest.raises(Unfounded) as error:
        sentences.feed("17 leads.\n")
    assert error.value.numbers == ["17"]
