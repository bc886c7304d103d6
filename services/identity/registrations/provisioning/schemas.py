"""Provisioning as it is shown."""

from datetime import datetime

from pydantic import Field

from libs.common.schema import OutSchema
from services.identity.registrations.provisioning.models import StepState


class StepOut(OutSchema):
    """A step of setting up an approved business."""

    name: str = Field(examples=["default_store"])
    service: str = Field(description="Who does it")
    state: StepState = Field(description="`done` once its effect is confirmed")
    attempts: int
    last_error: str | None
    next_attempt_at: datetime | None
    done_at: datetime | None
    run: int = Field(description="Grows when the business is approved anew")
    updated_at: datetime


class ProvisioningOut(OutSchema):
    """How far the setting up of a business is."""

    state: str = Field(description="`none`, `running`, `failed`, `cancelled` or `done`", examples=["done"])
    items: list[StepOut]
