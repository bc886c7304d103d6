"""Bodies of preferences."""

from datetime import time
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, PlainSerializer, model_validator

from libs.common.schema import OutSchema, Schema
from services.notifications.announcements.kinds import KINDS, ChannelName


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        # The key is checked against path tricks by zoneinfo itself.
        raise ValueError("not a time zone of the IANA database, such as Africa/Johannesburg") from None
    return name


def _local(value: time) -> time:
    if value.tzinfo is not None:
        raise ValueError("a time of day without an offset, such as 22:00")
    return value.replace(second=0, microsecond=0)


TimeOfDay = Annotated[
    time,
    AfterValidator(_local),
    PlainSerializer(lambda value: value.strftime("%H:%M"), return_type=str),
    Field(description="By the clock of `time_zone`", examples=["22:00"]),
]
TimeZone = Annotated[str, Field(max_length=64, examples=["Africa/Johannesburg"]), AfterValidator(_known_zone)]


class QuietHours(Schema):
    """When pushes wait; they may run over midnight. In-app notices and mails are not held back."""

    start: TimeOfDay
    end: TimeOfDay
    time_zone: TimeZone

    @model_validator(mode="after")
    def _not_all_day(self) -> "QuietHours":
        if self.start == self.end:
            raise ValueError("start and end must differ")
        return self


def _known_kinds(value: dict[str, dict[ChannelName, bool]]) -> dict[str, dict[ChannelName, bool]]:
    for name, channels in value.items():
        if name not in KINDS or KINDS[name].is_asked_for:
            raise ValueError(f"there is no notification type {name[:50]!r}")
        if extra := sorted(set(channels) - set(KINDS[name].channels)):
            raise ValueError(f"{name} does not come over {', '.join(extra)}")
    return value


class Settings(Schema):
    """All choices of a user; a type or channel that is left out is wanted."""

    types: Annotated[dict[str, dict[ChannelName, bool]], AfterValidator(_known_kinds)] = Field(
        default_factory=dict, examples=[{"deal_update": {"push": False}}]
    )
    quiet_hours: QuietHours | None = None


class SettingsOut(OutSchema):
    """The choices in force, every type and channel named."""

    types: dict[str, dict[ChannelName, bool]]
    quiet_hours: QuietHours | None
