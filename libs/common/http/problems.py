"""RFC 9457 problem documents: every error of a service becomes one, here and nowhere else."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from libs.common.db.exchange import is_outdated
from libs.common.errors import (
    AlreadyExists,
    AppError,
    BadRequest,
    Conflict,
    MethodNotAllowed,
    NotFound,
    Overloaded,
    PayloadTooLarge,
    StillReferenced,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
    ValidationFailed,
)

log = logging.getLogger("pillars.problems")
MEDIA_TYPE = "application/problem+json"
JSON = "application/json"


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    loc: list[str | int] = Field(description="Where it is, e.g. [`body`, `price`, `amount`]")
    msg: str
    type: str


class Problem(BaseModel):
    """An RFC 9457 problem document. Some problems have more members; each says which in its description."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:pillars:problem:crm:not-found",
                    "slug": "not-found",
                    "title": "Not found",
                    "status": 404,
                    "detail": "There is no such deal.",
                    "instance": "/deals/0198c0de-0000-7000-8000-000000000000",
                    "request_id": "0198c0de-1111-7000-8000-000000000000",
                }
            ]
        },
    )

    type: str = Field(description="`urn:pillars:problem:<service>:<slug>`")
    slug: str
    title: str
    status: int
    detail: str | None = None
    instance: str | None = None
    request_id: str | None = None
    errors: list[FieldProblem] | None = None


def problem_body(
    service: str, error: AppError, *, instance: str | None = None, request_id: str | None = None
) -> dict[str, Any]:
    """The document of an error as a JSON-ready mapping."""
    body: dict[str, Any] = {
        "type": f"urn:pillars:problem:{service}:{error.slug}",
        "slug": error.slug,
        "title": error.title,
        "status": error.status,
    }
    if error.detail:
        body["detail"] = error.detail
    if instance:
        body["instance"] = instance
    if request_id:
        body["request_id"] = request_id
    # An error's own members never take the place of those above: `status` is the HTTP status, always.
    return body | {name: value for name, value in error.extra.items() if name not in body}


def problem_response(service: str, error: AppError, request: Request) -> Response:
    """The response of an error."""
    body = problem_body(
        service,
        error,
        instance=request.url.path,
        request_id=request.headers.get("x-request-id"),
    )
    return Response(
        orjson.dumps(body, default=str),
        status_code=error.status,
        headers=error.headers,
        media_type=MEDIA_TYPE,
    )


def from_validation(error: RequestValidationError) -> AppError:
    """The problem of a body, path or query that does not fit; rejected values are never repeated."""
    errors = error.errors()
    if any(item["type"] == "json_invalid" for item in errors):
        return BadRequest("The body is not valid JSON.")
    fields = [
        {
            "loc": list(item["loc"]),
            "msg": str(item["msg"]).encode("utf-8", "replace").decode(),
            "type": item["type"],
        }
        for item in errors[:50]
    ]
    return ValidationFailed("One or more fields are not valid.", errors=fields)


_HTTP_ERRORS: Mapping[int, type[AppError]] = {
    400: BadRequest,
    401: Unauthenticated,
    404: NotFound,
    405: MethodNotAllowed,
    413: PayloadTooLarge,
    415: UnsupportedMediaType,
    503: Overloaded,
}


def from_http(error: HTTPException) -> AppError:
    """The problem of an error that the framework raised."""
    kind = _HTTP_ERRORS.get(error.status_code)
    if kind is None:
        kind = Conflict if error.status_code < 500 else AppError
    detail = {
        404: "There is nothing at this path.",
        405: "This path does not take this method.",
        503: "More requests came than can be answered soon; try again.",
    }
    problem = kind(detail.get(error.status_code, "The request cannot be read."))
    problem.headers |= dict(error.headers or {})
    return problem


def from_database(error: DBAPIError) -> AppError:
    """The problem behind a database error; constraint names are the only part of it that shows."""
    if isinstance(error, IntegrityError):
        constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
        state = getattr(error.orig, "sqlstate", "")
        if state == "23505":
            return AlreadyExists("Something with this value exists already.", constraint=constraint)
        if state == "23503":
            return StillReferenced(
                "A referred thing does not exist, or is still in use.", constraint=constraint
            )
        return ValidationFailed("The values do not fit together.", constraint=constraint)
    if isinstance(error, DataError):
        return ValidationFailed("A value cannot be stored: it is out of range or holds a NUL character.")
    state = getattr(error.orig, "sqlstate", "") or ""
    if state in ("40001", "40P01"):
        log.warning("a request gave way to others: %s", state)
        return Unavailable("Others were changing the same things; try again.", retry_after=1)
    if is_outdated(error.orig):
        log.warning("a request met a migration")
        return Unavailable("The service is being upgraded; try again.", retry_after=1)
    # A connection that is lost may say what ended it: 25P03, say, where it was idle in a transaction for too long.
    is_lost = error.connection_invalidated or state in ("25P03", "25P04")
    if is_lost or isinstance(error, OperationalError | InterfaceError) or state.startswith(("08", "57")):
        said = str(error.orig).partition("\n")[0]
        log.warning("the database did not serve a request: %s", said[:300], extra={"sqlstate": state})
        return Unavailable("The database is not available now.")
    log.error("database error", exc_info=error)
    return AppError("Something went wrong on our side.")


def methods_at(app: FastAPI, path: str) -> set[str]:
    """The methods that a path takes, of all routes at it; the framework names those of the first one only.

    Where the path is written out in a route, the patterns that fit it as well do not count.
    """
    exact: set[str] = set()
    fitting: set[str] = set()
    for route in app.routes:
        if isinstance(route, Route):
            methods = route.methods or set()
            if route.path == path:
                exact |= methods
            elif route.path_regex.match(path):
                fitting |= methods
    return exact or fitting


def _other_type(request: Request, body: Any) -> str | None:
    """The media type that the route takes, where the body was said to be of another, or one came of which none was said."""
    field = getattr(request.scope.get("route"), "body_field", None)
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    taken: str | None = getattr(field and field.field_info, "media_type", None)
    if not taken or sent == taken or (taken == JSON and sent.endswith("+json")):
        return None
    return taken if sent or body else None


def allowed(methods: Iterable[str]) -> str:
    """The value of `Allow`: HEAD goes with GET, and OPTIONS with everything."""
    known = set(methods)
    if "GET" in known:
        known.add("HEAD")
    return ", ".join(sorted(known | {"OPTIONS"}))


def install_problems(app: FastAPI, service: str) -> None:
    """Make every error of the app a problem document."""

    async def on_app_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, AppError)
        # A refusal by another service is passed on as it came, so that callers see the slug of its owner.
        problem, status = getattr(error, "problem", None), getattr(error, "upstream_status", None)
        if problem is not None and status is not None and status < 500:
            body = {**problem, "instance": request.url.path}
            return Response(orjson.dumps(body), status_code=status, media_type=MEDIA_TYPE)
        return problem_response(service, error, request)

    async def on_validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        if any(each["loc"][0] == "path" for each in error.errors()):
            # `PUT /things/current` got to `/things/{id}`, for `/things/current` takes no PUT.
            methods = methods_at(app, request.scope["path"])
            if request.method not in methods:
                return await on_http(request, HTTPException(405))
        if any(each["loc"][0] == "body" for each in error.errors()) and (
            taken := _other_type(request, error.body)
        ):
            return problem_response(service, UnsupportedMediaType(f"Send the body as `{taken}`."), request)
        return problem_response(service, from_validation(error), request)

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        problem = from_http(error)
        if isinstance(problem, MethodNotAllowed):
            problem.headers["Allow"] = allowed(methods_at(app, request.scope["path"]))
            if request.method == "OPTIONS":
                return Response(status_code=204, headers=problem.headers)
        return problem_response(service, problem, request)

    async def on_database(request: Request, error: Exception) -> Response:
        assert isinstance(error, DBAPIError)
        return problem_response(service, from_database(error), request)

    async def on_busy(request: Request, error: Exception) -> Response:
        log.warning("no connection to the database came free for a request")
        return problem_response(service, Unavailable("Too many requests at once; try again."), request)

    async def on_text(request: Request, error: Exception) -> Response:
        return problem_response(service, ValidationFailed("The text is not valid Unicode."), request)

    async def on_unexpected(request: Request, error: Exception) -> Response:
        log.error("unexpected error", exc_info=error, extra={"path": request.url.path})
        return problem_response(service, AppError("Something went wrong on our side."), request)

    app.add_exception_handler(AppError, on_app_error)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(DBAPIError, on_database)
    app.add_exception_handler(PoolTimeout, on_busy)
    app.add_exception_handler(UnicodeError, on_text)
    app.add_exception_handler(Exception, on_unexpected)


def problems(*kinds: type[AppError]) -> dict[int | str, dict[str, Any]]:
    """OpenAPI responses for the problems a route may answer with, beside those that every route may."""
    found: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        text = f"`{kind.slug}`: {(kind.__doc__ or kind.title).strip()}"
        if kind.status in found:
            found[kind.status]["description"] += f" / {text}"
        else:
            found[kind.status] = {
                "description": text,
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }
    return found
