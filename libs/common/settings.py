"""Settings from the environment: what all processes share, and the base of each service's own."""

import hashlib
import hmac
from functools import cached_property
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from libs.common.db.passwords import join


class CommonSettings(BaseSettings):
    """What every process needs; variables `PILLARS_*`, and the two well-known ones for servers."""

    model_config = SettingsConfigDict(
        env_prefix="PILLARS_", env_file=".env", extra="ignore", populate_by_name=True
    )

    environment: str = Field("development", description="development, test or production")
    database_url: str = Field(
        "postgresql://postgres@127.0.0.1:5432/pillars",
        validation_alias=AliasChoices("DATABASE_URL", "PILLARS_DATABASE_URL"),
        description="The database, as a role that may create roles and schemas; services connect as roles of their own",
    )
    amqp_url: str | None = Field(
        None,
        validation_alias=AliasChoices("AMQP_URL", "PILLARS_AMQP_URL"),
        description="RabbitMQ; without it events travel through the database",
    )
    secret_key: SecretStr = Field(
        SecretStr("development-only-secret-key-change-me"),
        description="Signs internal identities and cursors, and derives the passwords of the database roles",
    )
    accepted_secret_keys: SecretStr = Field(
        SecretStr(""),
        description="While PILLARS_SECRET_KEY is exchanged: the other key, accepted but not used to sign; comma-separated",
    )
    encryption_keys: SecretStr = Field(
        SecretStr("k1:ZGV2ZWxvcG1lbnQtb25seS0zMi1ieXRlLWtleSEhISE="),
        description="Key ring for secrets at rest: `id:base64(32 bytes)`, comma-separated, newest first",
    )
    role_prefix: str = Field(
        "", description="Prefix of the database roles, one per service; the name of the database unless set"
    )
    public_url: str = Field("http://127.0.0.1:8000", description="Where clients reach the gateway")
    upstreams: dict[str, str] = Field(
        default_factory=dict,
        description='Where other services listen, as JSON {"crm": "http://crm:8000", …}; empty in one process',
    )
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
    log_format: str = Field("json", description="json or text")
    pool_size: int = Field(10, ge=1, description="Database connections per service and process")
    concurrency: int = Field(
        32, ge=1, description="Requests that one service works on at once in one process; more wait a moment"
    )
    request_seconds: float = Field(
        15.0, gt=0, description="What a service may take until its answer begins; then it answers 503"
    )
    max_body_bytes: int = Field(1_048_576, ge=1024, description="Largest request body, in bytes")
    trace_endpoint: str | None = Field(
        None,
        validation_alias=AliasChoices("OTEL_EXPORTER_OTLP_ENDPOINT", "PILLARS_TRACE_ENDPOINT"),
        description="OTLP/HTTP collector; without it traces are not exported",
    )
    failpoints: str | None = Field(
        None,
        description="For proofs only, refused in production: the folder that arms moments of sudden death",
    )
    trace_ratio: float = Field(0.1, ge=0, le=1, description="Share of new traces that are sampled")

    @property
    def is_production(self) -> bool:
        """Whether the deployment is a real one: development defaults are refused there."""
        return self.environment == "production"

    def refuse_development_secrets(self) -> None:
        """Raise in production when a secret still has its development value.

        Raises:
            ValueError: naming the variable to set.
        """
        if not self.is_production:
            return
        for name in ("secret_key", "encryption_keys"):
            if getattr(self, name) == type(self).model_fields[name].default:
                raise ValueError(f"PILLARS_{name.upper()} must be set in production")

    def role(self, service: str) -> str:
        """The database role of a service."""
        prefix = self.role_prefix or urlsplit(self.database_url).path.strip("/") or "pillars"
        return f"{prefix}_{service}"

    def role_password(self, service: str) -> str:
        """The password of a service's role, derived from the secret key so that all processes agree."""
        return self._password(self.secret_key.get_secret_value(), service)

    def _password(self, key: str, service: str) -> str:
        return hmac.digest(key.encode(), f"role:{self.role(service)}".encode(), hashlib.sha256).hex()[:40]

    @property
    def other_keys(self) -> tuple[str, ...]:
        """The secret keys that are accepted beside the one that signs."""
        given = self.accepted_secret_keys.get_secret_value().split(",")
        return tuple(key.strip() for key in given if key.strip())

    def service_database_url(self, service: str) -> str:
        """The database URL with the role of one service in place of the administrator.

        It carries several passwords (`libs.common.db.passwords`) while the secret key is exchanged.
        """
        parts = urlsplit(self.database_url)
        host = parts.netloc.rpartition("@")[2]
        keys = (self.secret_key.get_secret_value(), *self.other_keys)
        user = f"{quote(self.role(service))}:{quote(join([self._password(key, service) for key in keys]))}"
        return urlunsplit(parts._replace(netloc=f"{user}@{host}"))

    @cached_property
    def sqlalchemy_url(self) -> str:
        """The administrator's URL with the psycopg driver named."""
        return with_driver(self.database_url)


def with_driver(url: str) -> str:
    """The URL in SQLAlchemy's form for psycopg 3, whatever spelling of postgres it came in."""
    scheme, _, rest = url.partition("://")
    if not scheme.startswith(("postgres", "postgresql")):
        raise ValueError("DATABASE_URL must be a postgresql:// URL")
    return f"postgresql+psycopg://{rest}"


class ServiceSettings(BaseSettings):
    """The base of a service's own settings; a subclass sets `env_prefix` to the service's name."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore")

    database_url: str | None = Field(
        None, description="This service's own database URL, where it differs from the shared one"
    )
