"""What the text that is searched for asks of rows."""

from typing import ClassVar
from uuid import UUID

import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from libs.common.filters import ListQuery

PARCEL_ID = "01900000-0000-7000-8000-000000000001"


class Base(DeclarativeBase):
    """The base of the rows of these tests."""


class Parcel(Base):
    """A row with an id, a number and texts."""

    __tablename__ = "parcels"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    weight: Mapped[int]
    label: Mapped[str]
    colour: Mapped[str]


class Named(ListQuery):
    """A list without words."""

    named_by: ClassVar[tuple[str, ...]] = ("id", "weight", "colour")


class Searched(ListQuery):
    """A list with words, of which rows are also known by their id."""

    searchable: ClassVar[tuple[str, ...]] = ("label",)
    named_by: ClassVar[tuple[str, ...]] = ("id",)


def sql(condition: object) -> str:
    """A condition as it is sent, with its values."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return str(condition.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        (PARCEL_ID.upper(), f"parcels.id = '{PARCEL_ID}' OR parcels.colour = '{PARCEL_ID.upper()}'"),
        ("-42", "parcels.weight = -42 OR parcels.colour = '-42'"),
        ("9" * 19, f"parcels.colour = '{'9' * 19}'"),
        ("٤٢", "parcels.colour = '٤٢'"),
        ("red", "parcels.colour = 'red'"),
    ],
)
def test_a_list_without_words_is_searched_by_what_its_rows_are_named_by(text: str, conditions: str) -> None:
    query = Named(q=text)

    assert [sql(one) for one in query.conditions(Parcel)] == [conditions]
    assert query.search(Parcel) is None


def test_a_text_that_names_no_row_gives_none() -> None:
    class Numbered(ListQuery):
        named_by: ClassVar[tuple[str, ...]] = ("id", "weight")

    assert [sql(one) for one in Numbered(q="red").conditions(Parcel)] == ["false"]


def test_a_row_with_words_is_found_by_them_or_by_what_it_is_named_by() -> None:
    assert sql(Searched(q="red").search(Parcel)) == "parcels.label ILIKE '%%red%%'"
    by_id = sql(Searched(q=PARCEL_ID).search(Parcel))
    assert by_id == f"parcels.label ILIKE '%%{PARCEL_ID}%%' OR parcels.id = '{PARCEL_ID}'"
    assert Searched(q="red").conditions(Parcel) == []
    assert Searched(q="").search(Parcel) is None
