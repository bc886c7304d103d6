"""The change record that every service emits for the audit log, one wire name per service."""

from typing import Any, ClassVar
from uuid import UUID

from libs.common.messaging.event import Event

SERVICES = ("identity", "crm", "catalog", "orders", "payments", "notifications", "analytics")


class ChangeRecorded(Event):
    """Somebody created, updated or deleted something, or did a business step worth keeping in the audit log.

    `before` and `after` hold the fields that differ, as JSON values, secrets masked.
    """

    about: ClassVar[tuple[str, str]] = ("change", "resource_id")

    action: str
    resource: str
    resource_id: str
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


def _class_for(service: str) -> type[ChangeRecorded]:
    return type(
        f"{service.capitalize()}ChangeRecorded",
        (ChangeRecorded,),
        {
            "__module__": __name__,
            "__doc__": ChangeRecorded.__doc__,
            "__annotations__": {"wire_name": ClassVar[str]},
            "wire_name": f"{service}.change_recorded.v1",
        },
    )


CHANGE_RECORDED: dict[str, type[ChangeRecorded]] = {service: _class_for(service) for service in SERVICES}


def change_recorded(
    service: str,
    action: str,
    resource: str,
    resource_id: UUID | str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> ChangeRecorded:
    """The change record of one service."""
    return CHANGE_RECORDED[service](
        action=action, resource=resource, resource_id=str(resource_id), before=before, after=after
    )
