"""The settings of the payments service, read from PAYMENTS_* variables."""

from pydantic_settings import SettingsConfigDict

from libs.common.settings import ServiceSettings


class PaymentsSettings(ServiceSettings):
    """What the payments service can be told from outside."""

    model_config = SettingsConfigDict(env_prefix="PAYMENTS_", env_file=".env", extra="ignore")
