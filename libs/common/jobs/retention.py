"""How long finished infrastructure rows are kept."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Retention(BaseSettings):
    """Variables `PILLARS_RETENTION_*`, in days."""

    model_config = SettingsConfigDict(env_prefix="PILLARS_RETENTION_", env_file=".env", extra="ignore")

    outbox_days: float = Field(7, gt=0, description="Published events in the outbox")
    inbox_days: float = Field(
        30, ge=1, description="Marks of handled events; a repeat that comes later would be handled again"
    )
    jobs_days: float = Field(7, gt=0, description="Finished jobs")
    idempotency_days: float = Field(2, ge=1, description="Answers kept for repeated requests")
    dead_letters_days: float = Field(
        90, gt=0, description="Dead letters that were resolved, and jobs given up"
    )
