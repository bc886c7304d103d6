"""The stretch of time that a report looks at, in the reader's own time zone."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from sqlalchemy import ColumnElement, func
from sqlalchemy.orm import InstrumentedAttribute

from libs.common.money import Currency


class Grain(StrEnum):
    """How wide one row of a report is."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Period(BaseModel):
    """The query of every report. `date_from` is included, `date_to` is not."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    date_from: Annotated[
        datetime | None,
        Field(alias="from", description="First moment; a day, or a time without its offset, is one of `tz`"),
    ] = None
    date_to: Annotated[
        datetime | None, Field(alias="to", description="First moment after the stretch, in the same forms")
    ] = None
    tz: Annotated[
        str, Field(max_length=64, description="IANA time zone of the rows", examples=["Africa/Johannesburg"])
    ] = "UTC"
    currency: Annotated[
        Currency | None,
        Field(description="Count amounts of this currency only; the busiest one unless given"),
    ] = None
    company_id: Annotated[UUID | None, Field(description="The business to act in (superusers)")] = None

    @field_validator("tz")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("not an IANA time zone such as Africa/Johannesburg")
        return value

    @model_validator(mode="after")
    def _of_the_zone(self) -> "Period":
        self.date_from, self.date_to = self._moment(self.date_from), self._moment(self.date_to)
        return self

    @model_validator(mode="after")
    def _in_order(self) -> "Period":
        if self.date_from and self.date_to and self.date_from >= self.date_to:
            raise ValueError("`from` must be before `to`")
        return self

    def _moment(self, given: datetime | None) -> datetime | None:
        if given is None or given.tzinfo:
            return given
        try:
            return given.replace(tzinfo=ZoneInfo(self.tz)).astimezone(UTC)
        except OverflowError:
            raise ValueError("must lie in the years 1 to 9999 of UTC") from None

    def holds(
        self, column: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None]
    ) -> list[ColumnElement[bool]]:
        """The conditions that a moment lies in the stretch."""
        found: list[ColumnElement[bool]] = [column.is_not(None)]
        if self.date_from:
            found.append(column >= self.date_from)
        if self.date_to:
            found.append(column < self.date_to)
        return found

    def start(self, local: datetime) -> datetime:
        """The moment at which a row begins, from what `bucket` gives."""
        zone = UTC if self.tz == "UTC" else ZoneInfo(self.tz)
        return local.astimezone(zone) if local.tzinfo else local.replace(tzinfo=zone)

    def local(self, moment: datetime) -> datetime:
        """A moment as the clock of the zone shows it."""
        return moment.astimezone(ZoneInfo(self.tz))


class GrainedPeriod(Period):
    """A stretch cut into rows of one width."""

    grain: Grain = Grain.DAY

    def bucket(
        self, column: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None]
    ) -> ColumnElement[datetime]:
        """The start of the row that a moment belongs to: local time of the zone, but of an hour the moment itself.

        When clocks are put back, they show one hour twice, and that is two rows.
        """
        if self.grain is Grain.HOUR:
            return func.date_trunc(self.grain.value, column, self.tz)
        return func.date_trunc(self.grain.value, func.timezone(self.tz, column))
