"""What the gateway asks, and what it is told."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from libs.common.schema import Schema


class UserCredential(Schema):
    """A verified access token: its person and session."""

    kind: Literal["user"]
    user_id: UUID
    session_id: UUID | None = None
    is_passive: bool = False


class TokenCredential(Schema):
    """An opaque token, as it came."""

    kind: Literal["token"]
    token: str


class AuthenticateIn(Schema):
    """A credential (null for a guest), and where the request names a business."""

    credential: Annotated[UserCredential | TokenCredential, Field(discriminator="kind")] | None = None
    company_id: str | None = None
    host: str | None = None
    query_company_id: str | None = None


class AuthenticateOut(Schema):
    """The actor, in the form of `Actor.to_json`."""

    actor: dict[str, Any]
    # How long the answer holds where no event says that it changed.
    seconds: float


class UnpublishedOut(Schema):
    """Changes of rights that wait for the bus, by name and data; not `is_whole` where too much waits to tell."""

    events: list[tuple[str, dict[str, Any]]]
    is_whole: bool


class StandingIn(Schema):
    """Somebody who is not signed in, and in whose name something acts in a business."""

    user_id: UUID
    company_id: UUID


class StandingOut(Schema):
    """What he may do there, in the form of `Actor.to_json`, and the time zone of the business."""

    actor: dict[str, Any]
    time_zone: str
