"""Who acts, in which business, with which permissions: asked by the gateway every few seconds per caller.

The business of a request: its host name, else the `X-Company-Id` header, else the caller's own business, else (for
superusers) the `company_id` of the query, else for staff the operator.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID, Actor, ActorKind
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import TenantForbidden, Unauthenticated
from services.identity.access.features import FEATURES
from services.identity.access.repository import AccessRepository, Person, Place
from services.identity.access.schemas import AuthenticateIn, TokenCredential, UserCredential
from services.identity.roles.catalogue import GUEST, OPERATOR_ROLES, SUPERADMIN
from services.identity.sessions.idleness import kept_seconds, noted_seconds
from services.identity.sessions.repository import SessionRepository
from services.identity.tenants.models import TenantStatus

# How long what a guest may do holds, in seconds, where no event says that it changed.
_GUEST_SECONDS = 30.0
# With more events than these in wait, the bus is away or late.
_MOST_UNPUBLISHED = 1_000


@dataclass(frozen=True, slots=True)
class Answer:
    """The actor of a request, and for how many seconds that holds where no event says that it changed."""

    actor: Actor
    seconds: float


class AccessService:
    """Resolves actors, in the platform scope."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.rows = AccessRepository(uow)

    async def authenticate(self, body: AuthenticateIn) -> Answer:
        """The actor of a request.

        Raises:
            Unauthenticated: the session has ended, the account is switched off, or the token is unknown.
            TenantForbidden: the business named is not the caller's to act in.
        """
        if body.credential is None:
            return Answer(await self._guest(body), _GUEST_SECONDS)
        if isinstance(body.credential, TokenCredential):
            raise Unauthenticated("The token is not valid.")
        return await self._user(body.credential, body)

    async def unpublished(self) -> dict[str, Any]:
        """The changes of rights that are committed and not published yet."""
        events = await self.rows.unpublished(_MOST_UNPUBLISHED)
        changes = [(name, data) for name, data in events if data is not None]
        return {"events": changes, "is_whole": len(events) < _MOST_UNPUBLISHED}

    async def _guest(self, body: AuthenticateIn) -> Actor:
        company_id = _named(body.company_id)
        if company_id is None and body.host is None:
            return Actor()
        places, permissions = await self.rows.shops(company_id, _host(body.host))
        place = next((p for p in places.values() if p.is_host), None)
        via = "host"
        if place is None:
            if company_id is None:
                return Actor()
            place, via = places.get(company_id), "header"
        if place is None or place.status != TenantStatus.ACTIVE:
            raise TenantForbidden("There is no such shop, or it does not trade now.")
        return Actor(
            kind=ActorKind.GUEST,
            tenant_id=place.tenant_id,
            tenant_status=place.status,
            tenant_via=via,
            roles=(GUEST,),
            permissions=frozenset(permissions),
            features=FEATURES,
        )

    async def _user(self, credential: UserCredential, body: AuthenticateIn) -> Answer:
        if credential.session_id is None:
            raise Unauthenticated("The session has ended; sign in again.")
        company_id, query_id = _named(body.company_id), _uuid(body.query_company_id)
        person = await self.rows.person(
            credential.user_id,
            credential.session_id,
            named=(company_id, query_id),
            host=_host(body.host),
        )
        if person is None:
            raise Unauthenticated("The session has ended; sign in again.")
        unseen = (self.uow.now - person.last_seen_at).total_seconds()
        if unseen > noted_seconds(person.idle_seconds) and not credential.is_passive:
            await SessionRepository(self.uow).seen(credential.session_id, self.uow.now)
        staff = _staff_roles(person)
        is_superuser = SUPERADMIN in staff
        place, via = _resolve(person, company_id, query_id if is_superuser else None, is_staff=bool(staff))
        roles = _roles_at(person, place, staff)
        actor = Actor(
            kind=ActorKind.USER,
            user_id=credential.user_id,
            session_id=credential.session_id,
            email=person.email,
            name=person.name,
            tenant_id=place.tenant_id if place else None,
            tenant_status=place.status if place else None,
            tenant_via=via,
            home_tenant_id=person.home_tenant_id,
            roles=tuple(sorted(roles)),
            permissions=frozenset(p for granted in roles.values() for p in granted),
            features=FEATURES if place else frozenset(),
            is_superuser=is_superuser,
        )
        left = (person.session_ends - self.uow.now).total_seconds()
        return Answer(actor, min(kept_seconds(person.idle_seconds), left))


def _resolve(
    person: Person, company_id: UUID | None, query_id: UUID | None, *, is_staff: bool
) -> tuple[Place | None, str | None]:
    for place in person.places.values():
        if place.is_host:
            if place.is_member or is_staff or place.status == TenantStatus.ACTIVE:
                return place, "host"
            raise TenantForbidden("The shop does not trade now.")
    if company_id is not None:
        named = person.places.get(company_id)
        if named is None or not (named.is_member or is_staff):
            raise TenantForbidden("You are not a member of this business.")
        return named, "header"
    home = person.places.get(person.home_tenant_id) if person.home_tenant_id else None
    if home is not None and home.is_member and home.tenant_id != OPERATOR_TENANT_ID:
        return home, "home"
    if query_id is not None and query_id in person.places:
        return person.places[query_id], "query"
    operator = person.places.get(OPERATOR_TENANT_ID)
    if operator is not None and operator.is_member:
        return operator, "home"
    return None, None


def _staff_roles(person: Person) -> dict[str, list[str]]:
    operator = person.places.get(OPERATOR_TENANT_ID)
    if operator is None:
        return {}
    return {code: granted for code, granted in operator.roles.items() if code in OPERATOR_ROLES}


def _roles_at(person: Person, place: Place | None, staff: dict[str, list[str]]) -> dict[str, list[str]]:
    if place is None or place.is_member:
        return {**staff, **(place.roles if place else {})}
    # Whoever is neither member nor staff came by the shop's host name and looks around as a guest does.
    return staff or {GUEST: person.guest_permissions}


def _named(text: str | None) -> UUID | None:
    if text is None:
        return None
    found = _uuid(text)
    if found is None:
        raise TenantForbidden("There is no such business.")
    return found


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _host(text: str | None) -> str | None:
    return text.lower().rstrip(".") if text else None
