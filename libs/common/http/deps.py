"""What the signature of an endpoint asks for: the actor, a permission, a unit of work, a service over it.

The unit of work commits in function scope: after the endpoint returned and before any byte of the response is
sent, so a failure at commit is still an error answer. Every dependency is a coroutine function: the framework would
send a plain one through a thread, some with a database connection in hand. The framework walks the tree of dependencies
anew for each request, branches it has been to included, so what each request needs takes the request itself.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request, Response

from libs.common.actor import ACTOR_HEADER, Actor, ActorKind
from libs.common.db.unit_of_work import UnitOfWork, unit_of_work
from libs.common.errors import (
    AddressNotAllowed,
    BadRequest,
    FeatureNotInPlan,
    PermissionDenied,
    SecondFactorRequired,
    SignInMethodNotAllowed,
    TenantNotActive,
    TenantRequired,
    Unauthenticated,
)
from libs.common.http.offers import plans_with
from libs.common.http.repeated import refuse_repeated
from libs.common.logging import bind
from libs.common.origin import Arrival, arrived
from libs.common.runtime.context import ServiceContext

S = TypeVar("S")
_ACTOR = "pillars.actor"


def context_of(request: Request) -> ServiceContext:
    """The context of the service that serves this request."""
    context: ServiceContext = request.app.state.context
    return context


def actor_of(request: Request) -> Actor:
    """The actor of the request, verified once.

    Raises:
        Unauthenticated: no identity header came, or it is not ours.
    """
    known: Actor | None = request.scope.get(_ACTOR)
    if known is not None:
        return known
    header = request.headers.get(ACTOR_HEADER)
    if not header:
        raise Unauthenticated("Requests reach services through the gateway only.")
    context = context_of(request)
    actor = context.signer.verify(header, context.clock.now().timestamp())
    bind(
        tenant_id=str(actor.tenant_id) if actor.tenant_id else None,
        actor_id=str(actor.user_id or actor.key_id or actor.kind),
    )
    request.scope[_ACTOR] = actor
    arrived.set(Arrival(request.headers, actor.tenant_via))
    return actor


async def get_context(request: Request) -> ServiceContext:
    """The context of the service that serves this request."""
    return context_of(request)


async def get_actor(request: Request) -> Actor:
    """The verified actor of the request."""
    return actor_of(request)


Context = Annotated[ServiceContext, Depends(get_context)]
CurrentActor = Annotated[Actor, Depends(get_actor)]


class Requirement:
    """What a route demands of its caller; the permission test reads these off every route.

    Attributes:
        permission: the permission string, or None for a route that is open.
        is_public: open to guests.
        is_internal: for other services only.
    """

    def __init__(
        self,
        permission: str | None = None,
        *,
        is_public: bool = False,
        is_internal: bool = False,
        active: bool = False,
        feature: str | None = None,
    ) -> None:
        self.permission = permission
        self.is_public = is_public
        self.is_internal = is_internal
        self.active = active
        self.feature = feature

    async def __call__(self, request: Request) -> Actor:
        """Check the actor, and that each parameter came once; return the actor."""
        actor = actor_of(request)
        if self.is_internal and actor.kind is not ActorKind.SYSTEM:
            raise PermissionDenied(
                "Only services of the platform may call this.", required_permission="internal"
            )
        if not self.is_public and actor.is_anonymous and not (self.permission and actor.may(self.permission)):
            raise Unauthenticated("Sign in first: POST /api/v1/auth/login.")
        if self.permission and not actor.may(self.permission):
            _refuse_held_back(actor)
            raise PermissionDenied(
                f"This needs the permission {self.permission}.", required_permission=self.permission
            )
        if self.active and actor.kind is not ActorKind.SYSTEM:
            if actor.tenant_id is None:
                raise TenantRequired("Name the business with the X-Company-Id header.")
            if actor.tenant_status != "active":
                raise TenantNotActive(
                    f"The business is {actor.tenant_status}; trading starts once it is active."
                )
        if self.feature and not actor.has(self.feature):
            raise FeatureNotInPlan(
                f"The plan does not include {self.feature}.",
                feature=self.feature,
                plan=actor.plan,
                plans=await plans_with(context_of(request), feature=self.feature),
            )
        refuse_repeated(request)
        return actor


def allow(permission: str, *, active: bool = False, feature: str | None = None) -> Any:
    """A dependency: the actor must hold the permission.

    `active` also demands a business that may trade (403 `tenant-not-active` otherwise); `feature` names a feature
    that its plan must include. A guest passes only where the guest role holds the permission.
    """
    return Depends(Requirement(permission, active=active, feature=feature))


def public(*, active: bool = False) -> Any:
    """A dependency that says a route is open to anyone; `active` still demands a business that may trade."""
    return Depends(Requirement(is_public=True, active=active))


def signed_in() -> Any:
    """A dependency: somebody must be signed in, no permission beyond that."""
    return Depends(Requirement())


def internal() -> Any:
    """A dependency: only other services of the platform may call."""
    return Depends(Requirement(is_internal=True))


def _refuse_held_back(actor: Actor) -> None:
    """Say what is wrong with the sign-in where it is that for which nothing is permitted."""
    if actor.lacking == SecondFactorRequired.slug:
        raise SecondFactorRequired("Set a second factor up: POST /api/v1/auth/mfa/totp.")
    if actor.lacking == AddressNotAllowed.slug:
        raise AddressNotAllowed("The business takes addresses of its own domains only.")
    if actor.lacking is not None:
        raise SignInMethodNotAllowed("The business does not take this way of signing in.")


# RFC 9110, sections 8.8.3 and 13.1.1. We give none with a comma, so that a list can be split at each; the quotes may be missing.
_ENTITY_TAG = re.compile(r'\s*(?:(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"|([0-9]+))?\s*', re.ASCII)
_VERSION = re.compile(r"[0-9]{1,18}")


def _if_match(request: Request) -> frozenset[int] | None:
    """The versions that `If-Match` names: any of them will do, `*` is any at all, and a tag not made here is none."""
    sent = request.headers.getlist("if-match")
    if not sent or sent == ["*"]:
        return None
    found = [_ENTITY_TAG.fullmatch(each) for each in ",".join(sent).split(",")]
    tags = [match[1] if match[1] is not None else match[2] for match in found if match]
    if not all(found) or not any(tags):
        raise BadRequest('If-Match must hold ETags of the resource, such as "3", or be *.')
    return frozenset(int(tag) for tag in tags if tag and _VERSION.fullmatch(tag))


@asynccontextmanager
async def _open(request: Request, response: Response, *, platform: bool) -> AsyncIterator[UnitOfWork]:
    async with unit_of_work(context_of(request), actor_of(request), platform=platform) as uow:
        uow.correlation_id = request.headers.get("x-request-id")
        uow.if_match = _if_match(request)
        uow.response_headers = response.headers
        yield uow


async def open_uow(request: Request, response: Response) -> AsyncIterator[UnitOfWork]:
    """A unit of work in the caller's tenant."""
    async with _open(request, response, platform=False) as uow:
        yield uow


async def open_platform_uow(request: Request, response: Response) -> AsyncIterator[UnitOfWork]:
    """A unit of work over all tenants: for routes that check rights themselves (sign-in, webhooks, operators)."""
    async with _open(request, response, platform=True) as uow:
        yield uow


Uow = Annotated[UnitOfWork, Depends(open_uow, scope="function")]
PlatformUow = Annotated[UnitOfWork, Depends(open_platform_uow, scope="function")]


def provide(kind: Callable[[UnitOfWork], S]) -> Callable[..., Awaitable[S]]:
    """A dependency that makes a service over the request's unit of work."""

    async def make(uow: Uow) -> S:
        return kind(uow)

    return make


def provide_platform(kind: Callable[[UnitOfWork], S]) -> Callable[..., Awaitable[S]]:
    """A dependency that makes a service over a unit of work that spans tenants."""

    async def make(uow: PlatformUow) -> S:
        return kind(uow)

    return make
