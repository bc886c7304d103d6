"""The settings of the catalog service, read from CATALOG_* variables."""

from pydantic_settings import SettingsConfigDict

from libs.common.settings import ServiceSettings


class CatalogSettings(ServiceSettings):
    """What the catalog service can be told from outside."""

    model_config = SettingsConfigDict(env_prefix="CATALOG_", env_file=".env", extra="ignore")
