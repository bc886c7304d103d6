"""The job that tells a shop what happened before anybody of it was known here, so that its customers need not wait."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.jobs.job import Job
from services.notifications.announcements.service import About, Announcement, Announcer
from services.notifications.announcements.target import Target
from services.notifications.recipients.service import RecipientService

TELL_STAFF = "tell_staff"
# Seconds between the looks; a shop of which nobody is known after the last has nobody who could be told.
LOOKS = (1, 5, 30)


def tell_staff_later(
    uow: UnitOfWork, told: Sequence[Announcement], roles: Sequence[str], *, look: int = 0
) -> None:
    """Tell this to the staff of the shop (to those with one of the roles, where any is named) once they are known."""
    things = [
        {
            "kind": one.kind,
            "variables": dict(one.variables),
            "key": one.key,
            "about": {"type": one.about.type, "id": str(one.about.id), "link": one.about.link}
            if one.about
            else None,
        }
        for one in told
    ]
    run_at = uow.now + timedelta(seconds=LOOKS[look])
    uow.defer(TELL_STAFF, run_at=run_at, roles=list(roles), look=look, things=things)


async def tell_staff(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Look for the staff, and tell them or look again later; a repeat tells nobody twice."""
    staff = [Target.of(recipient) for recipient in await RecipientService(uow).staff(*args["roles"])]
    told = [_announcement(thing, staff) for thing in args["things"]]
    if staff:
        await Announcer(uow).tell_all(told)
    elif args["look"] + 1 < len(LOOKS):
        tell_staff_later(uow, told, args["roles"], look=args["look"] + 1)


def _announcement(thing: dict[str, Any], staff: Sequence[Target]) -> Announcement:
    about = thing["about"] and About(
        thing["about"]["type"], UUID(thing["about"]["id"]), thing["about"]["link"]
    )
    return Announcement(thing["kind"], staff, thing["variables"], thing["key"], about)


JOBS = (Job(TELL_STAFF, tell_staff),)
