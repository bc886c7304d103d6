"""What the owner of a rule may do now, asked of identity; no transaction is open meanwhile."""

from dataclasses import dataclass
from uuid import UUID

from libs.common.actor import Actor, system_actor
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.upstreams import UpstreamProblem
from libs.contracts.features import AUTOMATION

_PATIENCE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Standing:
    """A person in a business: the actor he would be, or None where he may not act there; and its time zone."""

    actor: Actor | None
    time_zone: str

    @property
    def rests(self) -> str | None:
        """Why no rule of the business runs now; None where they do."""
        if self.actor is None:
            return None
        if self.actor.tenant_status != "active":
            return "tenant-not-active"
        return None if self.actor.has(AUTOMATION) else "feature-not-in-plan"

    def lacks(self, permissions: list[str]) -> list[str]:
        """What of this the person may not do."""
        return sorted(permissions) if self.actor is None else sorted(self.actor.lacks(permissions))


async def standing_of(context: ServiceContext, tenant_id: UUID, user_id: UUID) -> Standing:
    """What a person may do in a business now.

    Raises:
        Unavailable, UpstreamTimeout: identity cannot be asked; nothing may be done meanwhile.
    """
    try:
        answer = await context.upstreams.call(
            "identity",
            "POST",
            "/internal/access/standing",
            actor=system_actor(context.service.name, tenant_id),
            json={"user_id": str(user_id), "company_id": str(tenant_id)},
            safe=True,
            timeout=_PATIENCE_SECONDS,
        )
    except UpstreamProblem as error:
        if error.upstream_status in (401, 403, 404):
            return Standing(None, "UTC")
        raise
    actor = Actor.from_json(answer["actor"])
    if actor.tenant_id != tenant_id or actor.user_id != user_id:
        # What identity says of another place is no right here.
        return Standing(None, answer["time_zone"])
    return Standing(actor, answer["time_zone"])
