"""The settings of the orders service, read from ORDERS_* variables."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from libs.common.settings import CommonSettings, ServiceSettings

_THREE_DAYS = 3 * 24 * 3600.0


class OrdersSettings(ServiceSettings):
    """What the orders service can be told from outside."""

    model_config = SettingsConfigDict(env_prefix="ORDERS_", env_file=".env", extra="ignore")

    reservation_minutes: float = Field(
        15, gt=0, le=1440, description="How long stock is held for an order that is not paid yet"
    )
    abandoned_days: float = Field(
        30, gt=0, description="After how many idle days an open cart counts as abandoned"
    )
    tracking_step_seconds: float | None = Field(
        None,
        ge=0,
        description="Pace of the tracking simulator for table-rate shipments; 0.4 in development, off in production",
    )
    complete_after_seconds: float | None = Field(
        None,
        ge=0,
        description="How long after delivery an order is completed; 3 in development, 3 days in production",
    )

    def tracking_step(self, common: CommonSettings) -> float | None:
        """Seconds between simulated tracking steps; None where people or carriers report them."""
        if self.tracking_step_seconds is not None:
            return self.tracking_step_seconds
        return None if common.is_production else 0.4

    def complete_after(self, common: CommonSettings) -> float:
        """Seconds from delivery to completion."""
        if self.complete_after_seconds is not None:
            return self.complete_after_seconds
        return _THREE_DAYS if common.is_production else 3.0
