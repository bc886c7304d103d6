"""The settings of the orders service, read from ORDERS_* variables."""

from pydantic_settings import SettingsConfigDict

from libs.common.settings import ServiceSettings


class OrdersSettings(ServiceSettings):
    """What the orders service can be told from outside."""

    model_config = SettingsConfigDict(env_prefix="ORDERS_", env_file=".env", extra="ignore")
