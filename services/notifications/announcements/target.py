"""A person to be told something."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from services.notifications.recipients.models import Recipient


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody with a user account, an address, or both. A guest has only an address."""

    user_id: UUID | None = None
    email: str | None = None
    name: str = ""
    locale: str = "en"

    @classmethod
    def of(cls, recipient: Recipient) -> "Target":
        """A member of the business."""
        return cls(recipient.user_id, recipient.email, recipient.name, recipient.locale)

    @property
    def key(self) -> str:
        """What tells targets apart within one event."""
        return str(self.user_id) if self.user_id else f"mail:{(self.email or '').lower()}"


def unique(targets: Iterable[Target]) -> list[Target]:
    """The targets without repeats, in order."""
    return list({target.key: target for target in targets}.values())
