"""The settings of the payments service, read from PAYMENTS_* variables."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from libs.common.settings import ServiceSettings


class PaymentsSettings(ServiceSettings):
    """What the payments service can be told from outside."""

    model_config = SettingsConfigDict(env_prefix="PAYMENTS_", env_file=".env", extra="ignore")

    webhook_base_url: str | None = Field(
        None,
        description="Where the payment simulator sends its webhooks, where that is not the public address",
    )
    return_origins: list[str] | None = Field(
        None,
        description="Origins a buyer may be sent back to after paying, beside the public address, as JSON; "
        "unset: any, but none in production",
    )
    sandbox_enabled: bool | None = Field(
        None, description="Whether sandbox accounts may be made; unset: everywhere but in production"
    )
    invoice_due_days: int = Field(14, ge=0, le=365, description="Days until an invoice of one's own is due")
    dunning_reminder_days: list[Annotated[int, Field(ge=1, le=365)]] = Field(
        [3, 7, 14],
        max_length=10,
        description="Days after which the customer of a subscription is reminded of an invoice that was due, as JSON",
    )
    dunning_final_days: int = Field(
        21,
        ge=1,
        le=365,
        description="Days after which no more is waited for where a subscription is not paid",
    )
    dunning_then: Literal["cancel", "unpaid"] = Field(
        "unpaid", description="What follows then: `cancel`, or `unpaid` (it is not billed until it is paid)"
    )
    subscription_catch_up_seconds: float = Field(
        5,
        ge=0,
        le=10,
        description="How long a request about a subscription that is behind may bill what is due before it goes on",
    )

    @model_validator(mode="after")
    def _reminders_come_first(self) -> Self:
        days = self.dunning_reminder_days
        if sorted(set(days)) != days or (days and days[-1] > self.dunning_final_days):
            raise ValueError(
                "PAYMENTS_DUNNING_REMINDER_DAYS must rise, none after PAYMENTS_DUNNING_FINAL_DAYS"
            )
        return self

    @property
    def dunning(self) -> dict[str, Any]:
        """What follows where an invoice of a subscription is not paid, unless the subscription says otherwise."""
        return {
            "reminder_days": list(self.dunning_reminder_days),
            "final_days": self.dunning_final_days,
            "then": self.dunning_then,
        }
