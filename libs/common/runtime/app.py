"""From a service value and its context to the FastAPI app that serves it."""

import asyncio
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from libs.common.apart import Apart
from libs.common.http.admission import Admission
from libs.common.http.body_limit import BodyLimit
from libs.common.http.created import place_of, say_where
from libs.common.http.deps import Requirement, internal
from libs.common.http.gate import Gate
from libs.common.http.middleware import App, RequestLayer
from libs.common.http.problems import MEDIA_TYPE, Problem, install_problems
from libs.common.http.read_back import names_of, parts_of, read_back
from libs.common.http.routing import FirstSegmentRouter
from libs.common.http.strict_json import StrictJson
from libs.common.messaging import bus_admin
from libs.common.privacy.router import router as privacy_router
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.readiness import Readiness


def build_app(context: ServiceContext) -> App:
    """The ASGI app of a service, with health checks, problems and the request layer."""
    return within_limits(routed(context), context)


def routed(context: ServiceContext) -> FastAPI:
    """The routes of a service, with health checks and problems."""
    service = context.service
    app = FastAPI(
        title=f"Pillars {service.name}",
        description=service.description,
        version="1",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.context = context
    install_problems(app, service.name)
    routers = (
        *service.routers,
        bus_admin.router,
        privacy_router,
        health_router(context),
        description_router(app),
        permissions_router(service.permissions),
    )
    app.router = FirstSegmentRouter([*app.routes, *(route for router in routers for route in router.routes)])
    known = list(api_routes(app))
    for route in known:
        route.unique_id = f"{service.name}_{route.name}"
    read_back(known)
    say_where(known)
    return app


def within_limits(app: App, context: ServiceContext) -> App:
    """An app behind the request layer, its own gate and the checks of bodies."""
    name, common = context.service.name, context.common
    limited = BodyLimit(StrictJson(app, name), name, common.max_body_bytes)
    admitted = Admission(limited, name, Gate(common.concurrency), common.request_seconds)
    return RequestLayer(admitted, name)


def health_router(context: ServiceContext) -> APIRouter:
    """Liveness, readiness and metrics: the paths that need no identity."""
    router = APIRouter(include_in_schema=False)
    readiness = Readiness(context)

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/readyz")
    async def readyz() -> JSONResponse:
        parts = await readiness.parts()
        ready = readiness.is_ready(parts)
        return JSONResponse(
            {"status": "ready" if ready else "not ready", "parts": parts}, status_code=200 if ready else 503
        )

    @router.get("/metrics")
    async def metrics(_: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


def description_router(app: FastAPI) -> APIRouter:
    """The OpenAPI document of an app, made once and kept packed: it is large, and seldom asked for."""
    router = APIRouter(include_in_schema=False)
    maker = Apart(lambda _: zlib.compress(orjson.dumps(describe(app))))
    making: asyncio.Task[bytes] | None = None

    @router.get("/openapi.json")
    async def openapi() -> Response:
        nonlocal making
        if making is None or (making.done() and (making.cancelled() or making.exception())):
            making = asyncio.create_task(maker.do())
        # Whoever does not wait for it leaves it to those who ask again.
        packed = await asyncio.shield(making)
        return Response(zlib.decompress(packed), media_type="application/json")

    return router


def permissions_router(permissions: Mapping[str, str]) -> APIRouter:
    """What a service asks of its callers, for those who hand out rights: each permission with what it allows."""
    router = APIRouter(include_in_schema=False)

    @router.get("/internal/permissions", dependencies=[internal()])
    async def list_permissions() -> dict[str, str]:
        return dict(permissions)

    return router


def api_routes(app: Any) -> Iterator[APIRoute]:
    """The API routes of a service app (wrapped or not), those of health checks left out."""
    inner: Any = app
    while not isinstance(inner, FastAPI):
        inner = inner.app
    for route in inner.routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            yield route


def requirement_of(route: APIRoute) -> Requirement | None:
    """What a route demands of its caller, or None where it forgot to say."""
    found = [d.call for d in route.dependant.dependencies if isinstance(d.call, Requirement)]
    return found[0] if found else None


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document with our problems in place of the framework's."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        description=app.description,
        routes=app.routes,
        separate_input_output_schemas=False,
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs", {})
    schemas["Problem"] = problem
    requirements = {
        (method.lower(), route.path_format): requirement_of(route)
        for route in api_routes(app)
        for method in route.methods or ()
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _complete(method, path, operation, requirements.get((method, path)))
    known = list(api_routes(app))
    for route in known:
        given = document["paths"][route.path_format]
        if (place := place_of(route, known)) is not None:
            given["post"]["responses"]["201"]["headers"] = {"Location": _location(place)}
        if "get" in given and (names := names_of(route)):
            listed = ", ".join(f"`{name}`" for name in sorted(names))
            note = f"What is only read may be sent back: {listed}. It stays as it is, and is refused where it differs"
            note += "; `version` counts as `If-Match` then." if "version" in names else "."
            if parts := parts_of(route):
                note += f" So may what is only read of {', '.join(f'`{name}`' for name in sorted(parts))}."
            given["put"]["description"] = f"{given['put'].get('description', '').strip()}\n\n{note}".strip()
    return document


def _location(place: str) -> dict[str, Any]:
    return {
        "description": f"Where it is: `{place}`",
        "schema": {"type": "string", "format": "uri-reference"},
    }


_COMMON = {
    "400": "`bad-request` or `tenant-required`: the syntax or the headers are broken, or no business is named",
    "401": "`unauthenticated`: no valid credential came with the request",
    "403": "`permission-denied`, `tenant-forbidden` or `tenant-not-active`",
    "422": "`validation-failed`: a field is missing, unknown, repeated, of the wrong type or out of range",
    "429": "`rate-limited`: wait for `Retry-After` seconds",
    "503": "`unavailable`: try again after `Retry-After` seconds",
}
_WITH_BODY = {
    "413": "`payload-too-large`: `limit_bytes` says how large it may be",
    "415": "`unsupported-media-type`: the body is of another type, or encoded",
}
_OF_A_ROW = {"412": "`precondition-failed`: it has another version than `If-Match` names"}


def common_answers(method: str, path: str, *, has_body: bool) -> dict[str, str]:
    """What an operation may answer beside what its route says: statuses with what they mean."""
    changes_a_row = method.upper() != "GET" and "{" in path
    return _COMMON | (_WITH_BODY if has_body else {}) | (_OF_A_ROW if changes_a_row else {})


def _complete(method: str, path: str, operation: dict[str, Any], requirement: Requirement | None) -> None:
    responses = operation.setdefault("responses", {})
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    if "HTTPValidationError" in str(responses.get("422", "")):
        responses.pop("422")
    for status, description in common_answers(method, path, has_body="requestBody" in operation).items():
        responses.setdefault(status, {"description": description, "content": content})
    if requirement is not None and requirement.permission:
        operation["x-permission"] = requirement.permission
        note = f"Needs the permission `{requirement.permission}`."
        if requirement.feature:
            operation["x-feature"] = requirement.feature
            note += f" Needs a plan with `{requirement.feature}`."
        operation["description"] = f"{operation.get('description', '').strip()}\n\n{note}".strip()
    if requirement is not None and requirement.is_public:
        operation["security"] = []
