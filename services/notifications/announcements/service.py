"""Turns one fact into what each person is told: notices at once, mails and pushes as deliveries.

All rows are written in the transaction of the handler, each with a key made of event, person and channel.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from libs.common.db.direct import all_of
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.ids import new_id
from services.notifications.announcements.kinds import KINDS, ChannelName
from services.notifications.announcements.target import Target, unique
from services.notifications.deliveries.service import DeliveryService, NewDelivery
from services.notifications.devices.models import Device
from services.notifications.devices.repository import DeviceRepository
from services.notifications.notices.repository import NoticeRepository
from services.notifications.preferences.models import Preference
from services.notifications.preferences.repository import PreferenceRepository, chosen
from services.notifications.templates.texts import Filled, TextBook

TURNED_OFF = "turned off by the recipient"


@dataclass(frozen=True, slots=True)
class About:
    """What an announcement is about: a thing of some service, and where a frontend shows it."""

    type: str
    id: UUID
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Announcement:
    """One thing to tell to some people; a repeat with the key adds nothing.

    `late_link` names the link that is put into its mails as they leave, as `deliveries.late_link` reads it.
    """

    kind: str
    targets: Sequence[Target]
    variables: Mapping[str, Any]
    key: str
    about: About | None = None
    late_link: Mapping[str, str] = field(default_factory=dict)


class Announcer:
    """Tells people of one business."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self._notices = NoticeRepository(uow)
        self._deliveries = DeliveryService(uow)

    async def tell(
        self,
        kind: str,
        targets: Sequence[Target],
        variables: Mapping[str, Any],
        *,
        key: str,
        about: About | None = None,
        late_link: Mapping[str, str] | None = None,
    ) -> None:
        """Tell each target over every channel of the kind that he has and wants; a repeat with the key adds nothing."""
        await self.tell_all([Announcement(kind, targets, variables, key, about, late_link or {})])

    async def tell_all(self, announcements: Sequence[Announcement]) -> None:
        """Tell several things in few statements, however many they are."""
        told = [(one, unique(one.targets)) for one in announcements]
        everybody = [target for _, targets in told for target in targets]
        if not everybody:
            return
        kinds = {one.kind for one, targets in told if targets}
        user_ids = {target.user_id for target in everybody if target.user_id is not None}
        texts, wishes = await all_of(
            self.uow,
            TextBook.asking(self.uow, kinds, {target.locale for target in everybody}),
            PreferenceRepository(self.uow).choices(user_ids),
        )
        books, choices = TextBook.read(kinds, texts), chosen(wishes)
        devices: dict[UUID, list[Device]] = {}
        if user_ids and any(ChannelName.PUSH in KINDS[kind].channels for kind in kinds):
            devices = await DeviceRepository(self.uow).of_users(user_ids)
        notices: list[dict[str, Any]] = []
        deliveries: list[NewDelivery] = []
        for one, targets in told:
            for target in targets:
                choice = choices.get(target.user_id) if target.user_id else None
                self._write(one, target, choice, devices, books[one.kind], notices, deliveries)
        noting, starting = self._notices.adding(notices), self._deliveries.adding(deliveries)
        if noting or starting:
            found = await all_of(self.uow, *noting, *starting)
            self._notices.told(found[len(noting) - 1] if noting else [])
            self._deliveries.added(found[len(noting) :])

    def _write(
        self,
        one: Announcement,
        target: Target,
        choice: Preference | None,
        devices: Mapping[UUID, Sequence[Device]],
        book: TextBook,
        notices: list[dict[str, Any]],
        deliveries: list[NewDelivery],
    ) -> None:
        """Add what one person is told of one thing."""
        values = {**one.variables, "name": target.name}
        for channel in KINDS[one.kind].channels:
            if not _reaches(channel, target, devices):
                continue
            wanted = _wants(choice, one.kind, channel)
            if channel is ChannelName.IN_APP and not wanted:
                continue
            filled = book.fill(channel, target.locale, values)
            if channel is ChannelName.IN_APP:
                notices.append(self._notice(one.kind, target, filled, one.key, one.about))
                continue
            addresses = (
                [target.email or ""]
                if channel is ChannelName.EMAIL
                else [device.token for device in devices[target.user_id]]  # type: ignore[index]
            )
            deliveries += [
                self._delivery(one, channel, target, address, filled, wanted=wanted) for address in addresses
            ]

    def _notice(
        self, kind: str, target: Target, filled: Filled, key: str, about: About | None
    ) -> dict[str, Any]:
        now = self.uow.now
        return {
            "tenant_id": self.uow.tenant_id,
            "id": new_id(),
            "user_id": target.user_id,
            "type": kind,
            "title": filled.subject,
            "body": filled.text,
            "link": about.link if about else None,
            "object_type": about.type if about else None,
            "object_id": str(about.id) if about else None,
            "dedupe_key": f"{key}:{kind}:{target.key}",
            "created_at": now,
            "updated_at": now,
            "version": 1,
        }

    def _delivery(
        self,
        one: Announcement,
        channel: ChannelName,
        target: Target,
        address: str,
        filled: Filled,
        *,
        wanted: bool,
    ) -> NewDelivery:
        # One delivery per device: when one of them fails, the others are not sent to again.
        device = (
            f":{hashlib.sha256(address.encode()).hexdigest()[:16]}" if channel is ChannelName.PUSH else ""
        )
        data = {"company_id": str(self.uow.tenant_id), "type": one.kind}
        if one.about is not None:
            data |= {"object_type": one.about.type, "object_id": str(one.about.id)}
            if one.about.link:
                data["link"] = one.about.link
        if channel is ChannelName.EMAIL:
            data |= one.late_link
        return NewDelivery(
            channel=channel,
            type=one.kind,
            recipient=address,
            user_id=target.user_id,
            subject=filled.subject,
            text=filled.text,
            html=filled.html,
            data=data,
            dedupe_key=f"{one.key}:{one.kind}:{target.key}:{channel}{device}",
            suppressed=None if wanted else TURNED_OFF,
        )


def _reaches(channel: ChannelName, target: Target, devices: Mapping[UUID, Sequence[Device]]) -> bool:
    if channel is ChannelName.EMAIL:
        return bool(target.email)
    if target.user_id is None:
        return False
    return channel is ChannelName.IN_APP or bool(devices.get(target.user_id))


def _wants(choice: Preference | None, kind: str, channel: ChannelName) -> bool:
    return choice is None or choice.allows(kind, channel)
