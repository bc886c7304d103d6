"""Who acts: the actor that the gateway resolves and every service verifies.

The gateway (or another service) sends it as one signed header. The signature is HMAC-SHA256 over the
base64url JSON; the secret is shared by the processes of one deployment and never leaves it.
"""

import base64
import hashlib
import hmac
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from libs.common.errors import Unauthenticated
from libs.common.permissions import ALL, holds, lacking

ACTOR_HEADER = "x-pillars-actor"

# The platform's own tenant: its staff work the registration deals and may be granted access to others.
OPERATOR_TENANT_ID = UUID("00000000-0000-7000-8000-000000000001")


class ActorKind(StrEnum):
    """What kind of caller it is."""

    USER = "user"
    API_KEY = "api_key"
    GUEST = "guest"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """A caller with the tenant it acts in.

    `permissions` hold exact strings, `<service>.*` and `*`. `tenant_id` is None where no tenant was resolved. `key_id` is
    the API key or personal token that was shown, where one was. `acting_user_id` is who really acts, where somebody of
    the staff acts as the user. `features`, `limits` (how much of what, by code; no entry means no limit) and `plan` are
    those of the business acted in. `lacking` is the slug of the problem with the sign-in for which nothing is permitted.
    """

    kind: ActorKind = ActorKind.GUEST
    user_id: UUID | None = None
    session_id: UUID | None = None
    key_id: UUID | None = None
    acting_user_id: UUID | None = None
    email: str | None = None
    name: str | None = None
    tenant_id: UUID | None = None
    tenant_status: str | None = None
    tenant_via: str | None = None
    home_tenant_id: UUID | None = None
    roles: tuple[str, ...] = ()
    permissions: frozenset[str] = field(default_factory=frozenset)
    features: frozenset[str] = field(default_factory=frozenset)
    limits: Mapping[str, int] = field(default_factory=dict, hash=False)
    plan: str | None = None
    is_superuser: bool = False
    lacking: str | None = None

    def has(self, feature: str) -> bool:
        """Whether the plan of the business acted in includes the feature."""
        return self.kind is ActorKind.SYSTEM or feature in self.features or ALL in self.features

    def may(self, permission: str) -> bool:
        """Whether the actor holds the permission, exactly or by a wildcard."""
        if self.kind is ActorKind.SYSTEM or self.is_superuser:
            return True
        return holds(self.permissions, permission)

    def lacks(self, permissions: Collection[str]) -> frozenset[str]:
        """Which of these, that may be wildcards, the actor does not hold."""
        if self.kind is ActorKind.SYSTEM or self.is_superuser:
            return frozenset()
        return lacking(self.permissions, permissions)

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody is signed in."""
        return self.kind is ActorKind.GUEST

    def in_tenant(self, tenant_id: UUID | None) -> "Actor":
        """The same caller acting in another tenant, to whose plan nobody holds him (for trusted code only)."""
        if tenant_id == self.tenant_id:
            return self
        return replace(self, tenant_id=tenant_id, limits={}, plan=None)

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping without absent members."""
        raw: dict[str, Any] = {
            "kind": self.kind.value,
            "user_id": self.user_id,
            "session_id": self.session_id,
            "key_id": self.key_id,
            "acting_user_id": self.acting_user_id,
            "email": self.email,
            "name": self.name,
            "tenant_id": self.tenant_id,
            "tenant_status": self.tenant_status,
            "tenant_via": self.tenant_via,
            "home_tenant_id": self.home_tenant_id,
            "roles": list(self.roles),
            "permissions": sorted(self.permissions),
            "features": sorted(self.features),
            "limits": dict(self.limits),
            "plan": self.plan,
            "is_superuser": self.is_superuser,
            "lacking": self.lacking,
        }
        return {
            k: str(v) if isinstance(v, UUID) else v for k, v in raw.items() if v not in (None, [], {}, False)
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "Actor":
        """The inverse of `to_json`; unknown members are ignored, so that releases may differ."""

        def uuid(name: str) -> UUID | None:
            return UUID(raw[name]) if raw.get(name) else None

        return cls(
            kind=ActorKind(raw.get("kind", "guest")),
            user_id=uuid("user_id"),
            session_id=uuid("session_id"),
            key_id=uuid("key_id"),
            acting_user_id=uuid("acting_user_id"),
            email=raw.get("email"),
            name=raw.get("name"),
            tenant_id=uuid("tenant_id"),
            tenant_status=raw.get("tenant_status"),
            tenant_via=raw.get("tenant_via"),
            home_tenant_id=uuid("home_tenant_id"),
            roles=tuple(raw.get("roles", ())),
            permissions=frozenset(raw.get("permissions", ())),
            features=frozenset(raw.get("features", ())),
            limits=dict(raw.get("limits", {})),
            plan=raw.get("plan"),
            is_superuser=bool(raw.get("is_superuser", False)),
            lacking=raw.get("lacking"),
        )


def system_actor(service: str, tenant_id: UUID | None = None) -> Actor:
    """The actor a service itself is, for calls to other services and background work."""
    return Actor(kind=ActorKind.SYSTEM, name=service, tenant_id=tenant_id, tenant_status="active")


class ActorSigner:
    """Makes and checks the signed header. `ttl` seconds bound how long one header may be used.

    Headers signed with one of the `accepted` keys are good too, while keys are exchanged.
    """

    def __init__(self, secret: str, ttl: int = 120, *, accepted: Iterable[str] = ()) -> None:
        self._keys = [
            hashlib.sha256(b"pillars-actor:" + key.encode()).digest() for key in (secret, *accepted)
        ]
        self._ttl = ttl
        # Those who sign and those who verify see the same header again for so many seconds, and remember it.
        self._step = max(1, ttl // 12)
        self._encode = lru_cache(maxsize=4096)(self._sign)
        self._decode = lru_cache(maxsize=4096)(self._verify)

    def sign(self, actor: Actor, now: float) -> str:
        """The header value for an actor; `now` in Unix seconds."""
        return self._encode(actor, int(now) // self._step * self._step + self._ttl)

    def _sign(self, actor: Actor, expires: int) -> str:
        body = base64.urlsafe_b64encode(orjson.dumps({**actor.to_json(), "exp": expires}))
        return f"{body.decode()}.{self._mac(self._keys[0], body)}"

    def verify(self, header: str, now: float) -> Actor:
        """The actor in a header.

        Raises:
            Unauthenticated: it is not ours, was changed, or has expired.
        """
        actor, expires = self._decode(header)
        if expires < now:
            raise Unauthenticated("The internal identity has expired.")
        return actor

    def _verify(self, header: str) -> tuple[Actor, int]:
        body, _, mac = header.partition(".")
        given = mac.encode()
        if not any(hmac.compare_digest(given, self._mac(key, body.encode()).encode()) for key in self._keys):
            raise Unauthenticated("The internal identity is not valid.")
        raw = orjson.loads(base64.urlsafe_b64decode(body))
        return Actor.from_json(raw), int(raw["exp"])

    def _mac(self, key: bytes, body: bytes) -> str:
        return base64.urlsafe_b64encode(hmac.digest(key, body, "sha256")).decode().rstrip("=")
