"""The settings of the crm service, read from CRM_* variables."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from libs.common.money import Currency
from libs.common.settings import ServiceSettings


class CrmSettings(ServiceSettings):
    """What the crm service can be told from outside."""

    model_config = SettingsConfigDict(env_prefix="CRM_", env_file=".env", extra="ignore")

    default_currency: Currency = Field("ZAR", description="The currency of a deal whose body names no money")
    automation_rules_per_business: int = Field(100, ge=1, description="Rules that a business may have")
    automation_max_depth: int = Field(
        5, ge=1, le=1000, description="Runs of rules that may lead to each other, one by what the other did"
    )
    automation_runs_per_hour: int = Field(
        30, ge=1, description="Runs of one rule on one thing within an hour; more are stopped"
    )
    automation_history_days: int = Field(90, ge=1, description="Days for which runs that have ended are kept")
    automation_step_attempts: int = Field(5, ge=1, description="Tries of an action before its run fails")
    automation_retry_seconds: float = Field(
        5, gt=0, description="Seconds before an action is tried again; each time twice as many"
    )
    automation_failures_in_a_row: int = Field(
        10, ge=1, description="Runs that fail one after another before their rule is disabled"
    )
