"""Cursors."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.errors import InvalidCursor
from libs.common.ids import new_id
from libs.common.pagination import CursorCodec

codec = CursorCodec("secret")
values = st.one_of(
    st.none(),
    st.integers(-(2**53), 2**53),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.uuids(),
    st.datetimes(timezones=st.just(UTC)),
)


@given(values, st.uuids())
def test_a_cursor_gives_back_what_it_was_made_of(value: object, row_id: object) -> None:
    assert codec.decode("deals", codec.encode("deals", value, row_id)) == (value, row_id)  # type: ignore[arg-type]


def test_a_cursor_of_another_list_or_maker_is_refused() -> None:
    cursor = codec.encode("deals", datetime.now(UTC), new_id())
    for maker, binding in ((codec, "leads"), (CursorCodec("other"), "deals")):
        with pytest.raises(InvalidCursor):
            maker.decode(binding, cursor)


@given(st.text(max_size=60))
def test_nonsense_is_refused_politely(text: str) -> None:
    with pytest.raises(InvalidCursor):
        codec.decode("deals", text)
