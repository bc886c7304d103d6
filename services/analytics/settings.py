"""The settings of the analytics service, read from ANALYTICS_* variables."""

from pydantic_settings import SettingsConfigDict

from libs.common.settings import ServiceSettings


class AnalyticsSettings(ServiceSettings):
    """What the analytics service can be told from outside."""

    model_config = SettingsConfigDict(env_prefix="ANALYTICS_", env_file=".env", extra="ignore")
