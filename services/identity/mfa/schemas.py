"""Bodies of second factors."""

from datetime import datetime
from typing import Annotated

from pydantic import AliasChoices, ConfigDict, Field

from libs.common.schema import OutSchema, Schema

Otp = Annotated[
    str,
    Field(
        min_length=6,
        max_length=32,
        description="A code of the authenticator app, or a recovery code",
        examples=["492039"],
    ),
]


class TotpState(OutSchema):
    """Whether an authenticator app is set up."""

    is_enabled: bool
    confirmed_at: datetime | None = None
    recovery_codes_left: int


class TotpEnrolment(OutSchema):
    """What the authenticator app needs, shown this once. It counts when a code of it has confirmed it."""

    secret: str = Field(
        description="The seed in base32, to type in", examples=["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"]
    )
    otpauth_uri: str = Field(description="The same as a link that apps open")
    qr_svg: str = Field(description="The same as a picture to scan: SVG")


class TotpConfirm(Schema):
    """A code of the app that is to be confirmed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "492039"}]}, populate_by_name=True)

    code: Annotated[
        str,
        Field(
            min_length=6,
            max_length=10,
            validation_alias=AliasChoices("code", "otp"),
            description="What the app shows now",
        ),
    ]


class RecoveryCodes(OutSchema):
    """New recovery codes, shown this once; each stands in once for the app. Those before are good no more."""

    codes: list[str] = Field(examples=[["k3vd-9fwq-72ya-m4hs"]])


class TotpConfirmed(TotpState):
    """The app counts from now on, and these recovery codes stand in for it."""

    recovery_codes: list[str] = Field(examples=[["k3vd-9fwq-72ya-m4hs"]])


class RecoveryCodesState(OutSchema):
    """How many recovery codes are left."""

    left: int


class MfaVerify(Schema):
    """What stands for the first factor, and the code of the second one."""

    mfa_token: str = Field(min_length=1, max_length=1000)
    otp: Otp
