"""Bodies of devices."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from libs.common.schema import OutSchema, Schema

# FCM does not promise a length; its tokens have about 160 characters of this alphabet.
TOKEN = r"^[A-Za-z0-9_:.=-]+$"


class DeviceRegister(Schema):
    """A device of yours."""

    token: str = Field(min_length=1, max_length=1000, pattern=TOKEN, description="FCM registration token")
    platform: Literal["android", "ios", "web"] | None = None


class DeviceOut(OutSchema):
    """A registered device."""

    token: str
    platform: str | None
    created_at: datetime
    seen_at: datetime
