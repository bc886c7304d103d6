"""The settings of the payments service, read from PAYMENTS_* variables."""

from pydantic import Field
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
