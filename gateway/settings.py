"""The gateway's settings; every variable is `GATEWAY_*`."""

from ipaddress import IPv4Network, IPv6Network, ip_network

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from libs.common.http.connections import CLIENT_IDLE_SECONDS

Network = IPv4Network | IPv6Network

_PRIVATE_NETWORKS = ["127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]


class GatewaySettings(BaseSettings):
    """Limits, time-outs and trust at the edge. A rate of 0 per minute means no limit."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_", env_file=".env", extra="ignore")

    # Who may talk to us, and whose word we take.
    allowed_hosts: list[str] = Field(
        ["*"], description='Host names served, as JSON; "*" is any, "*.example.com" any below that name'
    )
    trusted_proxies: list[Network] = Field(
        default_factory=list,
        description="Networks of the load balancers whose X-Forwarded-* headers are believed",
    )
    metrics_networks: list[Network] = Field(
        [ip_network(n) for n in _PRIVATE_NETWORKS],
        description="Networks that may read /metrics; others get 404",
    )
    cors_origins: list[str] = Field(
        default_factory=list,
        description='Origins of browser frontends, as JSON; "*" is any. Empty in development: any on localhost',
    )
    hsts_seconds: int = Field(
        31_536_000, ge=0, description="Strict-Transport-Security, in production only; 0 is off"
    )

    # Credentials.
    token_issuer: str = Field("pillars", description="The `iss` an access token must bear")
    token_audience: str = Field("pillars", description="The `aud` an access token must bear")
    clock_skew_seconds: int = Field(5, ge=0, le=60, description="Tolerance for `exp` and `nbf`")
    token_cache_seconds: int = Field(
        60, ge=0, description="How long a verified signature is remembered, at most"
    )
    token_cache_size: int = Field(10_000, ge=1, description="Verified tokens remembered")
    actor_cache_seconds: float = Field(
        1.0, ge=0, le=60, description="How long rights are remembered while changes may go unheard"
    )
    actor_cache_certain_seconds: float = Field(
        30.0, ge=0, le=60, description="The same while it is certain that changes are heard over the bus"
    )
    actor_cache_size: int = Field(20_000, ge=1, description="Resolved actors remembered")
    jwks_seconds: int = Field(
        300,
        ge=1,
        description="After this the signing keys are read again, while it is certain that changes are heard over the bus; "
        "else after GATEWAY_ACTOR_CACHE_SECONDS",
    )
    jwks_retry_seconds: int = Field(
        5, ge=1, description="Least time between two looks for signing keys that are not known"
    )

    # Time, in seconds.
    connect_seconds: float = Field(2.0, gt=0, description="To reach a service")
    answer_seconds: float = Field(
        30.0, gt=0, description="From the end of the request to the start of the answer"
    )
    read_seconds: float = Field(
        30.0, gt=0, description="Between two parts of an answer; not for event streams"
    )
    total_seconds: float = Field(600.0, gt=0, description="For one request in all; not for event streams")
    body_idle_seconds: float = Field(15.0, gt=0, description="Between two parts of a request body")
    body_seconds: float = Field(60.0, gt=0, description="For a whole request body")
    upload_seconds: float = Field(600.0, gt=0, description="For a whole uploaded file")

    # Connections of clients. Where there are too many, those that wait longest without a request are closed.
    most_connections: int = Field(20_000, ge=64, description="Connections of clients in all, per process")
    address_connections: int = Field(
        2_000, ge=1, description="Connections of one address; trusted proxies are not counted"
    )
    head_seconds: float = Field(15.0, gt=0, description="For the head of a request to arrive")
    idle_seconds: float = Field(75.0, gt=0, description="Between an answer and the next request")
    write_seconds: float = Field(
        60.0, gt=0, description="For a client to take any of an answer that waits for it"
    )

    # Size, in bytes. The limit of ordinary bodies is PILLARS_MAX_BODY_BYTES.
    max_upload_bytes: int = Field(104_857_600, ge=1024, description="Largest body of /files and /imports")
    max_header_bytes: int = Field(32_768, ge=1024, description="All request headers together")
    max_target_bytes: int = Field(8_192, ge=256, description="Path and query together")
    gzip_min_bytes: int = Field(1_000, ge=0, description="Smaller answers are not compressed")
    gzip_level: int = Field(5, ge=1, le=9, description="zlib level")

    # Rates: tokens per minute, and how many may be spent at once.
    rate_limit_url: SecretStr | None = Field(
        None,
        description="PostgreSQL URL where the gateways share their counters; without it each counts alone",
    )
    actor_per_minute: int = Field(30_000, ge=0, description="Requests of one user or API key")
    actor_burst: int = Field(3_000, ge=1, description="Of these at once")
    guest_per_minute: int = Field(30_000, ge=0, description="Requests without a credential, by address")
    guest_burst: int = Field(3_000, ge=1, description="Of these at once")
    sign_in_per_minute: int = Field(
        600, ge=0, description="Sign-in, registration and password calls, by address"
    )
    sign_in_burst: int = Field(300, ge=1, description="Of these at once")
    bad_credential_per_minute: int = Field(300, ge=0, description="Refused credentials, by address")
    bad_credential_burst: int = Field(300, ge=1, description="Of these at once")
    hook_per_minute: int = Field(30_000, ge=0, description="Webhooks of providers, by address")
    hook_burst: int = Field(3_000, ge=1, description="Of these at once")

    # Services behind.
    upstream_connections: int = Field(
        1_000, ge=1, description="Connections to one service, event streams included"
    )
    upstream_keepalive_seconds: float = Field(
        CLIENT_IDLE_SECONDS,
        gt=0,
        description="Idle connections are not used after this; less than a stopping service keeps them (3 s)",
    )
    upstream_concurrency: int = Field(
        48,
        ge=1,
        description="Requests that wait for one service at once; more wait here a moment. Raise it with its replicas",
    )
    stall_seconds: float = Field(
        3.0, gt=0, description="Without any answer for so long, a service is asked whether it is alive"
    )
    breaker_failures: int = Field(
        5, ge=1, description="Failures in a row after which a service is left alone"
    )
    breaker_seconds: float = Field(0.5, gt=0, description="How long it is left alone")

    request_log_size: int = Field(2_000, ge=1, description="Requests kept for /admin/requests, per process")
    document_seconds: float = Field(30.0, ge=0, description="How long the merged API document is kept")
