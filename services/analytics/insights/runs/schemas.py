"""How a run is asked for."""

from typing import Annotated
from zoneinfo import available_timezones

from pydantic import Field, field_validator

from libs.common.schema import OutSchema, Schema


class RefreshIn(Schema):
    """By whose days to count, from this run on."""

    tz: Annotated[
        str | None, Field(max_length=64, description="IANA time zone", examples=["Africa/Johannesburg"])
    ] = None

    @field_validator("tz")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None and value not in available_timezones():
            raise ValueError("not an IANA time zone such as Africa/Johannesburg")
        return value


class RefreshOut(OutSchema):
    """That a run was asked for."""

    status: Annotated[str, Field(examples=["queued"])]
