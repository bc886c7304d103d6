"""The settings of the identity service, read from IDENTITY_* variables."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, EmailStr, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from libs.common.settings import ServiceSettings


class OidcProviderSettings(BaseModel):
    """A provider of outside accounts for the whole platform.

    `kind` is `google`, `microsoft` or `other`, by default what the provider is called. Microsoft takes `directory` (`common`,
    `organizations`, `consumers`, or one directory) and may be limited to `directories`, by their ids.
    """

    model_config = ConfigDict(extra="forbid")

    client_id: str = Field(min_length=1)
    client_secret: SecretStr | None = None
    name: str | None = None
    kind: Literal["google", "microsoft", "other"] | None = None
    discovery_url: str | None = None
    scopes: list[str] = ["openid", "email", "profile"]
    directory: str = "common"
    directories: list[str] = []


class IdentitySettings(ServiceSettings):
    """What the identity service can be told from outside."""

    model_config = SettingsConfigDict(env_prefix="IDENTITY_", env_file=".env", extra="ignore")

    administrator_email: EmailStr | Literal[""] = Field(
        "",
        description="The first superadministrator, whom `pillars migrate` makes an account for while there is none",
    )
    administrator_password: SecretStr = Field(
        SecretStr(""), description="The password of that account; needed, and looked at, only then"
    )
    token_issuer: str = Field("pillars", description="The `iss` of access tokens")
    token_audience: str = Field("pillars", description="The `aud` of access tokens")
    access_seconds: int = Field(900, ge=30, description="Life of an access token")
    refresh_seconds: int = Field(2_592_000, ge=60, description="Life of a refresh token that is not used")
    session_seconds: int = Field(7_776_000, ge=60, description="Life of a session, however often refreshed")
    session_idle_seconds: int = Field(
        2_592_000, ge=60, description="Time without a request after which a session ends"
    )
    shared_idle_seconds: int = Field(
        1_800, ge=60, description="The same for who signs in with `remember: false`, on a shared device"
    )
    idle_warning_seconds: int = Field(
        300, ge=0, description="How long before that end a frontend is to warn, at most a quarter of the time"
    )
    acting_seconds: int = Field(
        900, ge=30, le=3600, description="How long somebody may act as another before asking again"
    )
    default_plan: str = Field(
        "standard", description="The plan, by its code, that a business begins with and counts as having"
    )
    fallback_plan: str = Field(
        "free",
        description="The plan that follows a trial or a grace without payment, where a plan names none",
    )

    closed_kept_seconds: int = Field(
        7_776_000,
        ge=0,
        description="How long the data of a closed business are kept, and it can be opened again",
    )
    invitation_seconds: int = Field(604_800, ge=60, description="How long an invitation can be accepted")
    invitation_url: str = Field(
        "{public_url}/invitation#token={token}",
        description="The page of a frontend that accepts an invitation; `{public_url}` and `{token}` are filled in",
    )
    domain_proof_seconds: float = Field(
        5.0, gt=0, le=30, description="How long the DNS and the site of a host name may take to show a proof"
    )
    domain_recheck_seconds: int = Field(
        86_400, ge=60, description="How often the DNS is looked at again for the proof of a host name"
    )
    domain_lost_after: int = Field(
        7, ge=2, le=100, description="Looks in a row without the proof, after which a host name leads nowhere"
    )

    link_mail_seconds: float = Field(
        2.0,
        ge=0,
        le=60,
        description="A link that somebody asks for is mailed at some moment within this time: right away, the work of it "
        "would slow down who asks next, and so tell whether there is such an account",
    )
    password_reset_seconds: int = Field(3_600, ge=60, description="Life of a link to set a new password")
    email_verification_seconds: int = Field(
        604_800, ge=60, description="Life of a link that proves an e-mail address"
    )
    magic_link_seconds: int = Field(900, ge=60, description="Life of a link to sign in by")
    password_reset_url: str = Field(
        "{public_url}/reset-password#token={token}",
        description="The page of a frontend that sets a new password; `{public_url}` and `{token}` are filled in",
    )
    email_verification_url: str = Field(
        "{public_url}/verify-email#token={token}",
        description="The page of a frontend that verifies an address",
    )
    magic_link_url: str = Field(
        "{public_url}/magic-link#token={token}", description="The page of a frontend that signs in by a link"
    )
    reauthentication_seconds: int = Field(
        900,
        ge=30,
        description="How long after a sign-in risky things are open without showing the password again",
    )
    otp_issuer: str = Field("Pillars", description="What authenticator apps show as the name of the platform")
    signing_key_seconds: int = Field(7_776_000, ge=3600, description="After this a new key signs")

    lockout_failures: int = Field(5, ge=1, description="Wrong passwords for one account before it is locked")
    lockout_address_failures: int = Field(
        5, ge=1, description="Wrong passwords from one address before it is locked"
    )
    lockout_window_seconds: int = Field(900, ge=1, description="The time in which these are counted")
    lockout_seconds: int = Field(900, ge=1, description="How long the lock lasts")
    sign_in_per_minute: int = Field(
        10, ge=1, description="Sign-ins for one name from one address that did not succeed"
    )

    failed_sign_in_seconds: float = Field(
        0.5,
        ge=0,
        le=5,
        description="What a sign-in that fails takes at least: longer than the check of any imported hash, or its time "
        "tells that there is an account",
    )

    # OWASP's argon2id minimum; a stronger setting is taken up at each person's next sign-in.
    argon2_memory_kib: int = Field(19_456, ge=8, description="Memory of one password hash")
    argon2_time: int = Field(2, ge=1, description="Passes of one password hash")
    argon2_parallelism: int = Field(1, ge=1, description="Lanes of one password hash")
    argon2_at_once: int = Field(4, ge=1, description="Hashes computed at once in one process")
    password_min_length: int = Field(8, ge=8, le=64, description="Shortest password taken")

    passkey_rp_id: str | None = Field(
        None,
        description="For which host name passkeys are made; unset: the one of PILLARS_PUBLIC_URL. Changed, none works any more",
    )
    passkey_rp_name: str = Field("Pillars", description="What devices call the platform beside a passkey")
    passkey_origins: list[str] | None = Field(
        None,
        description="Origins of pages that may use passkeys, as JSON; unset: the one of PILLARS_PUBLIC_URL",
    )

    return_origins: list[str] = Field(
        default_factory=list,
        description="Origins a browser may be sent back to after signing in elsewhere, as JSON, beside the public address "
        "and the host names of businesses; outside production also any of this machine",
    )
    oidc_providers: dict[str, OidcProviderSettings] = Field(
        default_factory=dict,
        description="Sign-in with outside accounts for the whole platform, as JSON by the name in the path: "
        '{"google": {"client_id": "…", "client_secret": "…"}, "microsoft": {…}, "any": {…, "discovery_url": "https://…"}}',
    )
    oidc_private_addresses: bool | None = Field(
        None,
        description="Whether providers that are added by the API may be at addresses inside of one's own network, and be "
        "plain http; unset: in development",
    )
    oidc_seconds: float = Field(
        4.0, gt=0, le=10, description="What a provider of outside accounts may take for one answer"
    )
    status_link_days: int = Field(
        90,
        ge=1,
        le=3650,
        description="How long the link is good by which an applicant follows a registration",
    )
    status_streams: int = Field(
        200, ge=1, description="Such links followed as streams at once in one process"
    )
    status_streams_per_link: int = Field(3, ge=1, description="The same for one link")
    status_stream_seconds: float = Field(
        600, gt=0, description="After this a stream ends, and clients reconnect"
    )
    status_stream_heartbeat_seconds: float = Field(
        15, gt=0, description="Between two comments on an idle stream"
    )
    status_stream_poll_seconds: float = Field(
        1, gt=0, description="How often a stream looks for something new"
    )
    provisioning_retry_seconds: int = Field(
        30,
        ge=1,
        description="After this a step of setting up a business is asked for again; then twice as long each",
    )
    provisioning_attempts: int = Field(8, ge=1, description="How often, before it counts as failed")
