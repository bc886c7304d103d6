"""In which business somebody acts, with which roles, and what those open there: worked out from what is known of him.

The business of a request: its host name, else the `X-Company-Id` header, else the caller's own business, else (for
superusers) the `company_id` of the query, else for staff the operator.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID, Actor
from libs.common.errors import TenantForbidden
from libs.common.permissions import meet
from libs.contracts.features import FEATURES
from services.identity.access.repository import Person, Place
from services.identity.roles.catalogue import CLIENT, GUEST, OPERATOR_ROLES, REACHING_ROLES, SUPERADMIN
from services.identity.sign_in_policies.rules import lacking, outside
from services.identity.tenants.models import TenantStatus


def asking_of(person: Person, actor: Actor) -> list[Place]:
    """Who asks something of the sign-in of who works in a business: that business, and the operator of his staff."""
    if set(actor.roles) <= {CLIENT, GUEST}:
        return []
    asking = {actor.tenant_id} | ({OPERATOR_TENANT_ID} if OPERATOR_ROLES & set(actor.roles) else set())
    return [place for place in person.places.values() if place.tenant_id in asking and place.policy]


def held_back(
    person: Person, actor: Actor, asking: Sequence[Place], amr: Sequence[str] | None, now: datetime
) -> Actor:
    """The actor, without any right where the sign-in is less than is asked for."""
    found = (
        lacking(place.policy, amr, now) or outside(place.policy, person.email, place.roles)
        for place in asking
    )
    problem = next((slug for slug in found if slug is not None), None)
    if problem is None:
        return actor
    return replace(actor, roles=(), permissions=frozenset(), is_superuser=False, lacking=problem)


@dataclass(frozen=True, slots=True)
class Staff:
    """The operator's roles of a person, by code with what each opens; empty for all others."""

    roles: dict[str, list[str]]

    @classmethod
    def of(cls, person: Person) -> "Staff":
        operator = person.places.get(OPERATOR_TENANT_ID)
        held = operator.roles if operator is not None else {}
        return cls({code: granted for code, granted in held.items() if code in OPERATOR_ROLES})

    @property
    def is_superuser(self) -> bool:
        return SUPERADMIN in self.roles

    @property
    def reaches_all(self) -> bool:
        return not REACHING_ROLES.isdisjoint(self.roles)

    def reaches(self, place: Place) -> bool:
        """Whether they may act in a business that they are no member of: with their roles, or by a grant of it."""
        return self.reaches_all or bool(self.roles and place.grants)

    def permissions_at(self, place: Place) -> frozenset[str]:
        """What their roles open in a business: all of it, or what the grants let through."""
        held = _opened(self.roles)
        if self.reaches_all or place.tenant_id == OPERATOR_TENANT_ID:
            return held
        return frozenset().union(*(meet(held, permissions) for permissions, _ in place.grants))


def _opened(roles: dict[str, list[str]]) -> frozenset[str]:
    return frozenset(permission for granted in roles.values() for permission in granted)


def resolve(
    person: Person, company_id: UUID | None, query_id: UUID | None, staff: Staff
) -> tuple[Place | None, str | None]:
    for place in person.places.values():
        if place.is_host:
            if place.status == TenantStatus.CLOSED and not staff.reaches(place):
                raise TenantForbidden("The business is closed.")
            if place.is_member or staff.reaches(place) or place.status == TenantStatus.ACTIVE:
                return place, "host"
            raise TenantForbidden("The shop does not trade now.")
    if company_id is not None:
        named = person.places.get(company_id)
        if named is None or not (named.is_member or staff.reaches(named)):
            raise TenantForbidden("You are not a member of this business.")
        if named.status == TenantStatus.CLOSED and not staff.reaches(named):
            raise TenantForbidden("The business is closed.")
        return named, "header"
    home = person.places.get(person.home_tenant_id) if person.home_tenant_id else None
    if (
        home is not None
        and home.is_member
        and home.tenant_id != OPERATOR_TENANT_ID
        and home.status != TenantStatus.CLOSED
    ):
        return home, "home"
    if query_id is not None and query_id in person.places:
        return person.places[query_id], "query"
    operator = person.places.get(OPERATOR_TENANT_ID)
    if operator is not None and operator.is_member:
        return operator, "home"
    return None, None


def rights_of(person: Person, place: Place | None, staff: Staff) -> tuple[set[str], frozenset[str]]:
    """The roles that count in a business, and what they open there together."""
    if place is None:
        return set(staff.roles), _opened(staff.roles)
    roles, permissions = set(place.roles), _opened(place.roles)
    if staff.reaches(place):
        roles |= set(staff.roles)
        permissions |= staff.permissions_at(place)
    elif not place.is_member:
        # He came by the shop's host name, and looks around as a guest does.
        return {GUEST}, frozenset(person.guest_permissions)
    return roles, permissions


def plan_of(place: Place | None) -> dict[str, Any]:
    """What the plan of a business says of an actor there. The operator is no customer of its own."""
    if place is None:
        return {"features": frozenset()}
    if place.tenant_id == OPERATOR_TENANT_ID or place.plan is None:
        return {"features": FEATURES, "plan": None}
    code, features, limits = place.plan
    return {"features": frozenset(features), "limits": limits, "plan": code}


def ends_of_grants(person: Person, place_id: UUID | None) -> list[float]:
    """The Unix times when grants end that count in a business."""
    place = person.places.get(place_id) if place_id is not None else None
    return [ends for _, ends in place.grants] if place is not None else []
