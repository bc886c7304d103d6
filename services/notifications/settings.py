"""The settings of the notifications service, read from NOTIFICATIONS_* variables."""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from libs.common.settings import ServiceSettings


class NotificationsSettings(ServiceSettings):
    """What the notifications service can be told from outside."""

    model_config = SettingsConfigDict(env_prefix="NOTIFICATIONS_", env_file=".env", extra="ignore")

    smtp_host: str | None = Field(None, description="SMTP server; without it mails are kept in the mailbox")
    smtp_port: int = Field(587, ge=1, le=65535, description="Port of the SMTP server")
    smtp_username: str | None = Field(None, description="Name to sign in with at the SMTP server")
    smtp_password: SecretStr | None = Field(None, description="Password for the SMTP server")
    smtp_tls: Literal["none", "starttls", "tls"] = Field(
        "starttls", description="How the connection is secured: none, starttls, or tls from the first byte"
    )
    smtp_ca_file: str | None = Field(None, description="Certificates to trust beside those of the system")
    smtp_from: str = Field("Pillars <no-reply@localhost>", description="Sender of mails")
    smtp_timeout: float = Field(20, gt=0, description="Seconds that a step of an SMTP exchange may take")

    fcm_credentials: SecretStr | None = Field(
        None,
        description="Service account of the Firebase project, as JSON or the path of a file; "
        "without it pushes go to the simulator",
    )
    fcm_base_url: str = Field("https://fcm.googleapis.com", description="Address of FCM")
    fcm_timeout: float = Field(10, gt=0, description="Seconds that a call of FCM may take")
    fcm_retry_seconds: float = Field(
        0.5, ge=0, description="First wait before a repeat after FCM failed; doubles each time"
    )

    delivery_attempts: int = Field(6, ge=1, description="Tries of a delivery before it is given up")

    stream_heartbeat_seconds: float = Field(15, gt=0, description="Time between comments on an idle stream")
    stream_seconds: float = Field(
        900,
        gt=0,
        description="How long one stream lasts before the client must connect again, with rights checked anew",
    )
    streams_per_user: int = Field(20, ge=1, description="Open streams of one user in one process")
