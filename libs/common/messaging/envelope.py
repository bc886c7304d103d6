"""The envelope of an event: CloudEvents 1.0 attributes with our extensions.

Source: CloudEvents 1.0.2, JSON event format; extensions `tenantid`, `actor`, `correlationid`, `causationid`,
`traceparent`, `origin`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from libs.common.errors import AppError

# What each reader takes for a text, and Postgres keeps as one.
_TEXTS = ("type", "source", "subject", "actor", "correlationid", "causationid", "traceparent", "origin")


class BadEnvelope(AppError):
    """A message on the bus is not a CloudEvent of ours."""

    status = 422
    slug = "bad-envelope"
    title = "Not a CloudEvent"


@dataclass(frozen=True, slots=True)
class Envelope:
    """One event as it travels. `data` is the JSON of the event class named by `type`.

    `attempts` counts failures to handle it; `returns` how often it came back without a verdict, because the process
    that had it died or let it go. `origin` is the line of `libs.common.origin`.
    """

    id: UUID
    type: str
    source: str
    subject: str
    time: datetime
    tenant_id: UUID
    data: dict[str, Any]
    actor: str | None = None
    correlation_id: str | None = None
    causation_id: str | None = None
    traceparent: str | None = None
    origin: str | None = None
    attempts: int = field(default=0, compare=False)
    returns: int = field(default=0, compare=False)

    @property
    def actor_id(self) -> UUID | None:
        """The user that caused it, where a user did: who really acted, whomever as."""
        kind, _, ident = (self.actor or "").partition("/as:")[0].partition(":")
        return UUID(ident) if kind == "user" and ident else None

    def attributes(self) -> dict[str, str]:
        """The CloudEvents attributes as strings, without absent ones."""
        found: dict[str, str | None] = {
            "specversion": "1.0",
            "id": str(self.id),
            "type": self.type,
            "source": f"/pillars/{self.source}",
            "subject": self.subject,
            "time": self.time.isoformat().replace("+00:00", "Z"),
            "tenantid": str(self.tenant_id),
            "actor": self.actor,
            "correlationid": self.correlation_id,
            "causationid": self.causation_id,
            "traceparent": self.traceparent,
            "origin": self.origin,
        }
        return {name: value for name, value in found.items() if value is not None}

    def to_json(self) -> dict[str, Any]:
        """The structured JSON form (`application/cloudevents+json`)."""
        return {**self.attributes(), "datacontenttype": "application/json", "data": self.data}

    @classmethod
    def from_attributes(
        cls, attributes: dict[str, Any], data: dict[str, Any], *, attempts: int = 0, returns: int = 0
    ) -> "Envelope":
        """Read the attributes.

        Raises:
            BadEnvelope: a required one is absent or malformed.
        """
        try:
            if attributes["specversion"] != "1.0":
                raise ValueError("specversion")
            for name in _TEXTS:
                value = attributes.get(name, "")
                if value is None and name not in ("type", "subject"):
                    continue
                if not isinstance(value, str) or "\0" in value:
                    raise ValueError(f"{name} is not a text")
            return cls(
                id=UUID(attributes["id"]),
                type=attributes["type"],
                source=attributes["source"].removeprefix("/pillars/"),
                subject=attributes.get("subject", ""),
                time=datetime.fromisoformat(attributes["time"]),
                tenant_id=UUID(attributes["tenantid"]),
                data=data,
                actor=attributes.get("actor"),
                correlation_id=attributes.get("correlationid"),
                causation_id=attributes.get("causationid"),
                traceparent=attributes.get("traceparent"),
                origin=attributes.get("origin"),
                attempts=attempts,
                returns=returns,
            )
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise BadEnvelope(f"{type(error).__name__}: {error}") from error

    @classmethod
    def from_json(cls, raw: dict[str, Any], *, attempts: int = 0, returns: int = 0) -> "Envelope":
        """Read the structured JSON form."""
        return cls.from_attributes(raw, raw.get("data", {}), attempts=attempts, returns=returns)
