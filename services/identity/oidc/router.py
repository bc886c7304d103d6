"""The HTTP side of signing in with outside accounts. Tokens are in bodies, never in an address."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from libs.common.errors import NotFound, ReauthenticationRequired, TenantNotActive
from libs.common.http.deps import CurrentActor, provide_platform, public, signed_in
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.identity.auth.caller import CurrentCaller
from services.identity.auth.errors import ActingAsAnother, InvalidCredentials
from services.identity.auth.recent import recently_authenticated
from services.identity.auth.schemas import TokensOut
from services.identity.mfa.errors import OtpRequired
from services.identity.oidc.arrival import ArrivalFailed, Arrivals
from services.identity.oidc.binding import PATH, cookie_name
from services.identity.oidc.departure import FLOW_SECONDS, Departure, Departures, Place
from services.identity.oidc.errors import (
    AccountExists,
    AccountOff,
    CodeExpired,
    ConsentRefused,
    EmailMissing,
    FlowExpired,
    LastWayIn,
    LinkAtPlatform,
    LinkedElsewhere,
    NoAccount,
    ProviderRefused,
    ProviderUnavailable,
    ReturnNotAllowed,
    TokenRefused,
    TooManyLinks,
)
from services.identity.oidc.schemas import (
    CallbackQuery,
    ExchangeIn,
    Linked,
    LinkOut,
    LinkQuery,
    LinkStart,
    ProvidersOut,
    SignedIn,
    StartOut,
    StartQuery,
)
from services.identity.oidc.service import LinkService
from services.identity.oidc_providers.schemas import Code
from services.identity.passkeys.relying_party import host_of

router = APIRouter(prefix="/auth/oidc", tags=["sign-in with outside accounts"])
_REDIRECT: dict[int | str, dict[str, Any]] = {303: {"description": "The browser goes on from here"}}
_AT_PROVIDER = (ProviderUnavailable, ProviderRefused)
ProviderCode = Annotated[Code, Path()]


async def get_departures(caller: CurrentCaller, request: Request) -> Departures:
    """The ways out of the request's caller. The gateway says by which host and scheme he came."""
    headers = request.headers
    authority = headers.get("x-forwarded-host") or headers.get("host") or ""
    scheme = "https" if headers.get("x-forwarded-proto") == "https" else "http"
    return Departures(caller, Place(scheme, authority.lower(), host_of(authority)))


async def get_arrivals(caller: CurrentCaller) -> Arrivals:
    """The ways in of the request's caller."""
    return Arrivals(caller)


WaysOut = Annotated[Departures, Depends(get_departures)]
WaysIn = Annotated[Arrivals, Depends(get_arrivals)]
Links = Annotated[LinkService, Depends(provide_platform(LinkService), scope="function")]


@router.get("", response_model=ProvidersOut, dependencies=[public()])
async def list_login_providers(departures: WaysOut) -> Any:
    """List with what one can sign in here: the shop's own providers, and the platform's."""
    return {
        "items": [
            {
                "code": found.code,
                "name": found.name,
                "kind": found.kind,
                "start_url": f"{PATH}/{found.code}/start",
            }
            for found in await departures.providers()
        ]
    }


@router.get(
    "/links", response_model=Page[LinkOut], dependencies=[signed_in()], responses=problems(ActingAsAnother)
)
async def list_links(query: Annotated[LinkQuery, Query()], links: Links) -> Any:
    """List the outside accounts with which one can sign in, newest first."""
    return await links.list(query)


@router.post(
    "/links",
    response_model=StartOut,
    dependencies=[signed_in(), recently_authenticated()],
    responses=problems(
        NotFound, LinkAtPlatform, ReturnNotAllowed, ActingAsAnother, ReauthenticationRequired, *_AT_PROVIDER
    ),
)
async def start_link(
    body: LinkStart, departures: WaysOut, actor: CurrentActor, request: Request, response: Response
) -> Any:
    """Begin to link an outside account: send the browser to the address in the answer. It takes a cookie with it."""
    return _told(await departures.start_link(actor, body), response)


@router.delete(
    "/links/{link_id}",
    status_code=204,
    dependencies=[signed_in(), recently_authenticated()],
    responses=problems(NotFound, ReauthenticationRequired, LastWayIn, ActingAsAnother),
)
async def delete_link(link_id: UUID, links: Links) -> None:
    """Unlink an outside account: it signs in no more. Sessions that it began go on."""
    await links.remove(link_id)


@router.post(
    "/exchange",
    response_model=TokensOut,
    dependencies=[public()],
    responses=problems(CodeExpired, OtpRequired, InvalidCredentials),
)
async def exchange_code(body: ExchangeIn, arrivals: WaysIn, response: Response) -> Any:
    """Trade the code with which the browser came back for a session. It works once, for five minutes."""
    response.headers["Cache-Control"] = "no-store"
    return await arrivals.exchange(body)


@router.get(
    "/{provider}/start",
    response_model=StartOut,
    dependencies=[public()],
    responses={
        **problems(NotFound, TenantNotActive, ReturnNotAllowed, *_AT_PROVIDER),
        302: {"description": "To the provider; what asks for `application/json` gets the address instead"},
    },
)
async def start_sign_in(
    provider: ProviderCode,
    query: Annotated[StartQuery, Query()],
    departures: WaysOut,
    request: Request,
    response: Response,
) -> Any:
    """Sign in with an outside account: leave for the provider, with a cookie to come back with within ten minutes."""
    departure = await departures.start(provider, query)
    if _wants_json(request):
        return _told(departure, response)
    going = Response(status_code=302, headers={"Location": departure.url})
    _prepare(going, departure)
    return going


@router.get(
    "/{provider}/callback",
    response_model=SignedIn | Linked,
    dependencies=[public()],
    responses={
        **problems(
            FlowExpired,
            ConsentRefused,
            TokenRefused,
            AccountOff,
            NoAccount,
            AccountExists,
            LinkedElsewhere,
            TooManyLinks,
            EmailMissing,
            OtpRequired,
            NotFound,
            TenantNotActive,
            *_AT_PROVIDER,
        ),
        **_REDIRECT,
    },
)
async def finish_sign_in(
    provider: ProviderCode,
    query: Annotated[CallbackQuery, Query()],
    arrivals: WaysIn,
    request: Request,
    response: Response,
) -> Any:
    """Come back from the provider. With a place to return to, the browser goes there with a `code` to trade (or an `error`).

    Without one the answer is the session itself, or the account that was linked.
    """
    try:
        arrival = await arrivals.arrive(provider, query, dict(request.cookies))
    except ArrivalFailed as failed:
        if failed.url is None or _wants_json(request):
            raise failed.error from failed
        return _onward(failed.url, query.state)
    if arrival.url is not None:
        return _onward(arrival.url, query.state)
    _forget(response, query.state)
    if arrival.link is not None:
        return Linked(link=LinkOut.model_validate(arrival.link))
    assert arrival.code is not None
    tokens = await arrivals.exchange(ExchangeIn.model_construct(code=arrival.code))
    return SignedIn(
        access=tokens.access, refresh=tokens.refresh, expires_in=tokens.expires_in, user=tokens.user
    )


def _wants_json(request: Request) -> bool:
    accept = request.headers.get("accept", "")
    return "application/json" in accept and "text/html" not in accept


def _told(departure: Departure, response: Response) -> StartOut:
    _prepare(response, departure)
    return StartOut(authorization_url=departure.url, expires_in=FLOW_SECONDS)


def _prepare(response: Response, departure: Departure) -> None:
    _keep_private(response)
    cookie = departure.cookie
    if cookie is not None:
        response.set_cookie(
            cookie.name,
            cookie.value,
            max_age=FLOW_SECONDS,
            path=cookie.path,
            secure=cookie.is_secure,
            httponly=True,
            # It must come along when the provider sends the browser back.
            samesite="lax",
        )


def _onward(url: str, state: str | None) -> Response:
    going = Response(status_code=303, headers={"Location": url})
    _forget(going, state)
    return going


def _forget(response: Response, state: str | None) -> None:
    _keep_private(response)
    response.delete_cookie(cookie_name(state or ""), path=PATH, httponly=True, samesite="lax")


def _keep_private(response: Response) -> None:
    response.headers["Cache-Control"] = "no-store"
    # Addresses here have codes in them.
    response.headers["Referrer-Policy"] = "no-referrer"
