"""Who acts, in which business, with which permissions: asked by the gateway every few seconds per caller.

The business of a request: its host name, else the `X-Company-Id` header, else the caller's own business, else (for
superusers) the `company_id` of the query, else for staff the operator.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID, Actor, ActorKind
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import FeatureNotInPlan, TenantForbidden, Unauthenticated
from libs.common.permissions import ALL, meet
from libs.contracts.features import API_KEYS, FEATURES
from services.identity.access.repository import AccessRepository, Person, Place
from services.identity.access.schemas import AuthenticateIn, TokenCredential, UserCredential
from services.identity.api_keys.models import ApiKey
from services.identity.api_keys.repository import ApiKeyRepository
from services.identity.api_keys.secrets import hash_of
from services.identity.mfa.service import SecondFactorService
from services.identity.plans.service import PlanService
from services.identity.roles.catalogue import CLIENT, GUEST, OPERATOR_ROLES, REACHING_ROLES, SUPERADMIN
from services.identity.sessions.idleness import kept_seconds, noted_seconds
from services.identity.sessions.repository import SessionRepository
from services.identity.sign_in_policies.rules import lacking, outside
from services.identity.tenants.models import TenantStatus

# What a key of a business is called among the roles: none, but not nothing, for nothing is what customers have.
API_KEY_ROLE = "api-key"
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
            return await self._key(body.credential, body)
        return await self._user(body.credential, body)

    async def standing(self, user_id: UUID, company_id: UUID) -> tuple[Actor, str]:
        """What somebody may do in a business, as with a token of all scopes, and the time zone of the business.

        Raises:
            Unauthenticated: the account is switched off, or there is none.
            TenantForbidden: the business is not his to act in.
        """
        person = await self.rows.person(user_id, None, named=(company_id, None), host=None)
        if person is None:
            raise Unauthenticated("There is no such account.")
        actor = await self._unseen(person, user_id, company_id, None)
        return actor, await self.rows.time_zone(company_id)

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
            **_planned(place),
        )

    async def _key(self, credential: TokenCredential, body: AuthenticateIn) -> Answer:
        keys = ApiKeyRepository(self.uow)
        secret = hash_of(credential.token)
        key = await keys.by_secret(secret)
        if key is None:
            raise Unauthenticated("The token is not valid.")
        now = self.uow.now
        if key.last_used_at is None or (now - key.last_used_at).total_seconds() > noted_seconds(None):
            await keys.used(key, now)
        ends = [key.expires_at, key.previous_expires_at if secret != key.token_hash else None]
        left = min([kept_seconds(None), *((end - now).total_seconds() for end in ends if end is not None)])
        if key.user_id is None:
            return Answer(await self._business_key(key, body), left)
        company_id, query_id = _named(body.company_id), _uuid(body.query_company_id)
        person = await self.rows.person(
            key.user_id, None, named=(company_id, query_id), host=_host(body.host)
        )
        if person is None:
            raise Unauthenticated("The token is not valid.")
        actor = await self._unseen(person, key.user_id, company_id, query_id)
        limited = replace(
            actor,
            key_id=key.id,
            permissions=meet(actor.permissions, key.scopes),
            is_superuser=actor.is_superuser and ALL in key.scopes,
        )
        return Answer(limited, min([left, *self._granted(person, actor)]))

    async def _unseen(
        self, person: Person, user_id: UUID, company_id: UUID | None, query_id: UUID | None
    ) -> Actor:
        """Who acts without a sign-in that could be looked at."""
        actor = self._actor(person, user_id, company_id, query_id)
        asking = _asking(person, actor)
        if not asking:
            return actor
        # Who makes a token shows the password, and the second factor if there is one; without one it opens nothing.
        strong = await self._is_strong(user_id)
        amr = ("pwd", "otp", "mfa") if strong else ("pwd",)
        return _held_back(person, actor, asking, amr, self.uow.now)

    async def _business_key(self, key: ApiKey, body: AuthenticateIn) -> Actor:
        places, _ = await self.rows.shops(key.tenant_id, _host(body.host))
        hosted = next((p for p in places.values() if p.is_host), None)
        company_id = _named(body.company_id)
        if (hosted is not None and hosted.tenant_id != key.tenant_id) or (
            company_id is not None and company_id != key.tenant_id
        ):
            raise TenantForbidden("The key is of another business.")
        place = places.get(key.tenant_id)
        if place is None or place.status == TenantStatus.CLOSED:
            raise Unauthenticated("The token is not valid.")
        planned = _planned(place)
        if API_KEYS not in planned["features"]:
            raise FeatureNotInPlan(
                f"The plan does not include {API_KEYS}.",
                feature=API_KEYS,
                plan=planned["plan"],
                plans=await PlanService(self.uow).offering(feature=API_KEYS, code=None, above=0),
            )
        return Actor(
            kind=ActorKind.API_KEY,
            key_id=key.id,
            name=key.name,
            tenant_id=place.tenant_id,
            tenant_status=place.status,
            tenant_via="key",
            home_tenant_id=place.tenant_id,
            roles=(API_KEY_ROLE,),
            permissions=frozenset(key.scopes),
            **planned,
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
        assert person.last_seen_at is not None
        assert person.session_ends is not None
        unseen = (self.uow.now - person.last_seen_at).total_seconds()
        if unseen > noted_seconds(person.idle_seconds) and not credential.is_passive:
            await SessionRepository(self.uow).seen(credential.session_id, self.uow.now)
        actor = self._actor(person, credential.user_id, company_id, query_id, credential.session_id)
        # Who acts as another has been let in as himself.
        if person.acting_user_id is None:
            actor = _held_back(person, actor, _asking(person, actor), person.amr, self.uow.now)
        left = [(person.session_ends - self.uow.now).total_seconds(), *self._granted(person, actor)]
        return Answer(actor, min(kept_seconds(person.idle_seconds), *left))

    async def _is_strong(self, user_id: UUID) -> bool:
        """Whether somebody signs in with a second factor."""
        return await SecondFactorService(self.uow).is_enabled(user_id)

    def _granted(self, person: Person, actor: Actor) -> list[float]:
        """In how many seconds the grants end by which somebody acts in a business."""
        now = self.uow.now.timestamp()
        return [ends - now for ends in _grants_end(person, actor.tenant_id)]

    def _actor(
        self,
        person: Person,
        user_id: UUID,
        company_id: UUID | None,
        query_id: UUID | None,
        session_id: UUID | None = None,
    ) -> Actor:
        staff = _Staff.of(person)
        place, via = _resolve(person, company_id, query_id if staff.is_superuser else None, staff)
        roles, permissions = _rights(person, place, staff)
        return Actor(
            kind=ActorKind.USER,
            user_id=user_id,
            session_id=session_id,
            acting_user_id=person.acting_user_id,
            email=person.email,
            name=person.name,
            tenant_id=place.tenant_id if place else None,
            tenant_status=place.status if place else None,
            tenant_via=via,
            home_tenant_id=person.home_tenant_id,
            roles=tuple(sorted(roles)),
            permissions=permissions,
            **_planned(place),
            is_superuser=staff.is_superuser,
        )


def _asking(person: Person, actor: Actor) -> list[Place]:
    """Who asks something of the sign-in of who works in a business: that business, and the operator of his staff."""
    if set(actor.roles) <= {CLIENT, GUEST}:
        return []
    asking = {actor.tenant_id} | ({OPERATOR_TENANT_ID} if OPERATOR_ROLES & set(actor.roles) else set())
    return [place for place in person.places.values() if place.tenant_id in asking and place.policy]


def _held_back(
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
class _Staff:
    """The operator's roles of a person, by code with what each opens; empty for all others."""

    roles: dict[str, list[str]]

    @classmethod
    def of(cls, person: Person) -> "_Staff":
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


def _resolve(
    person: Person, company_id: UUID | None, query_id: UUID | None, staff: _Staff
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


def _rights(person: Person, place: Place | None, staff: _Staff) -> tuple[set[str], frozenset[str]]:
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


def _planned(place: Place | None) -> dict[str, Any]:
    """What the plan of a business says of an actor there. The operator is no customer of its own."""
    if place is None:
        return {"features": frozenset()}
    if place.tenant_id == OPERATOR_TENANT_ID or place.plan is None:
        return {"features": FEATURES, "plan": None}
    code, features, limits = place.plan
    return {"features": frozenset(features), "limits": limits, "plan": code}


def _grants_end(person: Person, place_id: UUID | None) -> list[float]:
    """The Unix times when grants end that count in a business."""
    place = person.places.get(place_id) if place_id is not None else None
    return [ends for _, ends in place.grants] if place is not None else []


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
