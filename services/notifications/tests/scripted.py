"""A channel for tests that does what it is told, recipient by recipient."""

from collections import defaultdict
from dataclasses import dataclass, field

from libs.common.runtime.context import ServiceContext
from services.notifications.announcements.kinds import ChannelName
from services.notifications.channels.base import Outgoing
from services.notifications.channels.registry import Channels


@dataclass
class ScriptedChannel:
    """Raises the errors planned for a recipient, one per call, then takes the message."""

    plans: dict[str, list[Exception]] = field(default_factory=lambda: defaultdict(list))
    taken: list[Outgoing] = field(default_factory=list)
    calls: int = 0

    async def send(self, outgoing: Outgoing) -> str:
        """Take a message, or raise as planned."""
        self.calls += 1
        if self.plans.get(outgoing.recipient):
            raise self.plans[outgoing.recipient].pop(0)
        self.taken.append(outgoing)
        return f"scripted-{len(self.taken)}"

    def taken_by(self, recipient: str) -> int:
        """How often a recipient got something."""
        return sum(one.recipient == recipient for one in self.taken)


def script(context: ServiceContext) -> ScriptedChannel:
    """Put one scripted channel in the place of mail and push."""
    channel = ScriptedChannel()
    context.resources["channels"] = Channels(
        by_name={ChannelName.EMAIL: channel, ChannelName.PUSH: channel},
        mail_is_kept=False,
        push_is_simulated=False,
    )
    return channel
