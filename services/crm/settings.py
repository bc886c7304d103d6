"""The settings of the crm service, read from CRM_* variables."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from libs.common.money import Currency
from libs.common.settings import ServiceSettings


class CrmSettings(ServiceSettings):
    """What the crm service can be told from outside."""

    model_config = SettingsConfigDict(env_prefix="CRM_", env_file=".env", extra="ignore")

    default_currency: Currency = Field("ZAR", description="The currency of a deal whose body names no money")
