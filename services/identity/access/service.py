"""Who acts, in which business, with which permissions: asked by the gateway every few seconds per caller."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from libs.common.actor import Actor, ActorKind
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import FeatureNotInPlan, TenantForbidden, Unauthenticated
from libs.common.permissions import ALL, meet
from libs.contracts.features import API_KEYS
from services.identity.access.repository import AccessRepository, Person
from services.identity.access.rights import (
    Staff,
    asking_of,
    ends_of_grants,
    held_back,
    plan_of,
    resolve,
    rights_of,
)
from services.identity.access.schemas import AuthenticateIn, TokenCredential, UserCredential
from services.identity.api_keys.models import ApiKey
from services.identity.api_keys.repository import ApiKeyRepository
from services.identity.api_keys.secrets import hash_of
from services.identity.mfa.service import SecondFactorService
from services.identity.plans.service import PlanService
from services.identity.roles.catalogue import GUEST
from services.identity.sessions.idleness import kept_seconds, noted_seconds
from services.identity.sessions.repository import SessionRepository
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
        person = await self.rows.unseen(user_id, company_id)
        if person is None:
            raise Unauthenticated("There is no such account.")
        actor = await self._unseen(person, user_id, company_id, None)
        return actor, person.places[company_id].time_zone or "UTC"

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
            **plan_of(place),
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
        person = await self.rows.of_token(key.user_id, named=(company_id, query_id), host=_host(body.host))
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
        asking = asking_of(person, actor)
        if not asking:
            return actor
        # Who makes a token shows the password, and the second factor if there is one; without one it opens nothing.
        strong = await self._is_strong(user_id)
        amr = ("pwd", "otp", "mfa") if strong else ("pwd",)
        return held_back(person, actor, asking, amr, self.uow.now)

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
        plan = plan_of(place)
        if API_KEYS not in plan["features"]:
            raise FeatureNotInPlan(
                f"The plan does not include {API_KEYS}.",
                feature=API_KEYS,
                plan=plan["plan"],
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
            **plan,
        )

    async def _user(self, credential: UserCredential, body: AuthenticateIn) -> Answer:
        if credential.session_id is None:
            raise Unauthenticated("The session has ended; sign in again.")
        company_id, query_id = _named(body.company_id), _uuid(body.query_company_id)
        person = await self.rows.signed_in(
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
            actor = held_back(person, actor, asking_of(person, actor), person.amr, self.uow.now)
        left = [(person.session_ends - self.uow.now).total_seconds(), *self._granted(person, actor)]
        return Answer(actor, min(kept_seconds(person.idle_seconds), *left))

    async def _is_strong(self, user_id: UUID) -> bool:
        """Whether somebody signs in with a second factor."""
        return await SecondFactorService(self.uow).is_enabled(user_id)

    def _granted(self, person: Person, actor: Actor) -> list[float]:
        """In how many seconds the grants end by which somebody acts in a business."""
        now = self.uow.now.timestamp()
        return [ends - now for ends in ends_of_grants(person, actor.tenant_id)]

    def _actor(
        self,
        person: Person,
        user_id: UUID,
        company_id: UUID | None,
        query_id: UUID | None,
        session_id: UUID | None = None,
    ) -> Actor:
        staff = Staff.of(person)
        place, via = resolve(person, company_id, query_id if staff.is_superuser else None, staff)
        roles, permissions = rights_of(person, place, staff)
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
            **plan_of(place),
            is_superuser=staff.is_superuser,
        )


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
