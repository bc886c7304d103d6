"""Where rows further on lie is told by those looked at first, whatever gaps there are among them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from libs.common.db.searching import NEAR, Extent

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def ago(*minutes: int) -> tuple[datetime, ...]:
    return tuple(NOON - timedelta(minutes=each) for each in minutes)


@pytest.mark.parametrize(
    ("values", "beyond"),
    [
        (ago(0, 10, 20, 30, 40), ago(440)[0]),
        # A few rows of today before an import of last year.
        (ago(0, 500_010, 500_020, 500_030, 500_040), ago(500_440)[0]),
        (ago(0, 10, 20, 500_030, 500_040), ago(500_440)[0]),
        # Most were made at one moment.
        (ago(0, 0, 0, 0, 40), ago(440)[0]),
        (ago(40, 30, 20, 10, 0), ago(-400)[0]),
        ((1, 2, 3, 4, 5), 45),
        (ago(7, 7, 7, 7, 7), None),
        ((), None),
    ],
)
def test_rows_further_on_lie_as_close_as_the_first(values: tuple[Any, ...], beyond: Any) -> None:
    assert Extent(values).beyond(10 * NEAR) == beyond


def test_what_lies_beyond_all_values_is_the_last_of_them() -> None:
    assert Extent((0, 2**60, 2**61, 2**62, 2**63 - 1)).beyond(100 * NEAR) == 2**63 - 1
    far = tuple(datetime(year, 1, 1, tzinfo=UTC) for year in (2026, 3000, 4000, 5000, 9000))
    assert Extent(far).beyond(100 * NEAR) == datetime.max.replace(tzinfo=UTC)
