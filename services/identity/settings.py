"""The settings of the identity service, read from IDENTITY_* variables."""

from pydantic_settings import SettingsConfigDict

from libs.common.settings import ServiceSettings


class IdentitySettings(ServiceSettings):
    """What the identity service can be told from outside."""

    model_config = SettingsConfigDict(env_prefix="IDENTITY_", env_file=".env", extra="ignore")
