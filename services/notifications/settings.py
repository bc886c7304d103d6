"""The settings of the notifications service, read from NOTIFICATIONS_* variables."""

from pydantic_settings import SettingsConfigDict

from libs.common.settings import ServiceSettings


class NotificationsSettings(ServiceSettings):
    """What the notifications service can be told from outside."""

    model_config = SettingsConfigDict(env_prefix="NOTIFICATIONS_", env_file=".env", extra="ignore")
