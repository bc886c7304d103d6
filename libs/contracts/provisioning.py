"""What services say of the steps by which an approved business is set up, one wire name per service."""

from typing import ClassVar
from uuid import UUID

from libs.common.messaging.event import Event

SERVICES = ("catalog", "crm", "payments")


class StepProvisioned(Event):
    """A step of setting up an approved business has had its effect; said again whenever it is asked for again.

    `run` is that of what asked for it.
    """

    about: ClassVar[tuple[str, str]] = ("tenant", "company_id")

    company_id: UUID
    step: str
    run: int


def _class_for(service: str) -> type[StepProvisioned]:
    return type(
        f"{service.capitalize()}StepProvisioned",
        (StepProvisioned,),
        {
            "__module__": __name__,
            "__doc__": StepProvisioned.__doc__,
            "__annotations__": {"wire_name": ClassVar[str]},
            "wire_name": f"{service}.step_provisioned.v1",
        },
    )


STEP_PROVISIONED: dict[str, type[StepProvisioned]] = {service: _class_for(service) for service in SERVICES}


def step_provisioned(service: str, company_id: UUID, step: str, run: int) -> StepProvisioned:
    """That a service has done a step."""
    return STEP_PROVISIONED[service](company_id=company_id, step=step, run=run)
