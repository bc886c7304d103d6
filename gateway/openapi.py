"""The API documents of all services made one: public paths, no clashing names, our own ways to sign in."""

import copy
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gateway.examples import Examples
from gateway.operations.operation import Operation
from gateway.paths import Path
from gateway.routes import Trust, find, public_path
from libs.common.actor import Actor
from libs.common.http.problems import MEDIA_TYPE, Problem
from libs.contracts.access import GUEST_PERMISSIONS

Document = dict[str, Any]

_REF = "#/components/"
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_SECURITY: list[dict[str, list[str]]] = [{"bearer": []}, {"api_key": []}]
# For what guests of a shop may do as well: a credential is optional.
_OPTIONAL: list[dict[str, list[str]]] = [{}, *_SECURITY]
_GUEST = Actor(permissions=frozenset(GUEST_PERMISSIONS))
_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The `access` token of `POST /api/v1/auth/login`, or a personal API token.",
    },
    "api_key": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "A key of `/api/v1/api-keys`.",
    },
}
_COMPANY_ID = {
    "name": "X-Company-Id",
    "in": "header",
    "required": False,
    "description": "The business the call acts in; needed by those who belong to several.",
    "schema": {"type": "string", "format": "uuid"},
}
_COMPANY_REF = {"$ref": "#/components/parameters/CompanyId"}
_DESCRIPTION = """\
The back end of a business platform. Sign in with `POST /api/v1/auth/login` and send the access token as
`Authorization: Bearer …`; programs send an API key as `X-API-Key`.

Lists are `{"items": […], "next_cursor": …}`; send `next_cursor` as `cursor` to read on. Money is
`{"amount": 1999, "currency": "ZAR"}` in minor units. Times are RFC 3339 in UTC. Errors are problem documents
(RFC 9457) with a `slug` to tell them apart. `/api/` may be written for `/api/v1/`.
"""


def merge(
    documents: Mapping[str, Document], operations: Iterable[Operation], *, version: str, url: str
) -> Document:
    """One OpenAPI 3.1 document of the services' own ones (by service name) and the gateway's operations.

    `url` is where clients reach the gateway.
    """
    parts = {"gateway": _own(operations), **{name: documents[name] for name in sorted(documents)}}
    renames = _renames(parts)
    paths: Document = {}
    components: Document = {}
    tags: dict[str, Document] = {}
    operation_ids: set[str] = set()
    for service, original in parts.items():
        document = _rewrite(copy.deepcopy(original), renames[service])
        for section, items in document.get("components", {}).items():
            if section != "securitySchemes":
                named = {renames[service].get((section, n), n): item for n, item in items.items()}
                components.setdefault(section, {}).update(named)
        described = {tag["name"]: tag.get("description", "") for tag in document.get("tags", ())}
        for path, item in document.get("paths", {}).items():
            public = path if service == "gateway" else _public(service, path)
            if public is None:
                continue
            for method in _METHODS:
                if method in item:
                    _complete(item[method], service, method, public, operation_ids)
                    for tag in item[method]["tags"]:
                        about = described.get(tag.partition(": ")[2], "")
                        tags.setdefault(tag, {"name": tag, **({"description": about} if about else {})})
            paths.setdefault(public, {}).update(item)
    components.setdefault("parameters", {})["CompanyId"] = _COMPANY_ID
    components["securitySchemes"] = _SCHEMES
    components.setdefault("responses", {}).update(
        {status: {"description": text, "content": _PROBLEM} for status, text in _EDGE.items()}
    )
    _exemplify(paths, Examples(components.get("schemas", {})))
    return {
        "openapi": "3.1.0",
        "info": {"title": "Pillars", "version": version, "description": _DESCRIPTION},
        "servers": [{"url": "/", "description": "This host"}, {"url": url}],
        "security": _SECURITY,
        "tags": [tags[name] for name in sorted(tags)],
        "x-tagGroups": _groups(tags),
        "paths": dict(sorted(paths.items())),
        "components": components,
    }


def resources(document: Document) -> dict[str, dict[str, str]]:
    """The public paths that can be opened as they are (lists, reports) by service and name."""
    found: dict[str, dict[str, str]] = {}
    for path, item in document["paths"].items():
        name = path.removeprefix("/api/v1/")
        if "get" not in item or not name or name == path or "{" in path or name.endswith("/stream"):
            continue
        if any(p.get("required") and p.get("in") == "query" for p in item["get"].get("parameters", ())):
            continue
        service = item["get"]["tags"][0].partition(": ")[0]
        found.setdefault(service, {})[name] = path
    return {service: dict(sorted(found[service].items())) for service in sorted(found)}


def _exemplify(paths: Document, examples: Examples) -> None:
    """Give every body and every good answer an example, unless its owner did."""
    for item in paths.values():
        for method in _METHODS:
            operation = item.get(method, {})
            written = operation.get("requestBody", {}).get("content", {})
            answers = (r for s, r in operation.get("responses", {}).items() if s.startswith("2"))
            read = [content for answer in answers for content in answer.get("content", {}).items()]
            for media, writing in [*((m, True) for m in written.items()), *((m, False) for m in read)]:
                kind, content = media
                if _is_data(kind) and "schema" in content and not {"example", "examples"} & set(content):
                    content["example"] = examples.of(content["schema"], writing=writing)


def _is_data(media: str) -> bool:
    return media.endswith("json") or media == "application/x-www-form-urlencoded"


def _public(service: str, path: str) -> str | None:
    if path.startswith("/internal") or path in ("/healthz", "/readyz", "/metrics", "/openapi.json"):
        return None
    return public_path(service, path)


def _complete(operation: Document, service: str, method: str, path: str, taken: set[str]) -> None:
    own_tags = operation.get("tags") or [path.removeprefix("/api/v1/").partition("/")[0]]
    operation["tags"] = own_tags[:1] if service == "gateway" else [f"{service}: {own_tags[0]}"]
    wanted = operation.get("operationId") or f"{method}_{re.sub(r'[^A-Za-z0-9]+', '_', path).strip('_')}"
    if wanted in taken:
        wanted = f"{service}_{wanted}"
    unique, number = wanted, 2
    while unique in taken:
        unique, number = f"{wanted}_{number}", number + 1
    taken.add(unique)
    operation["operationId"] = unique
    if "security" in operation and {} not in operation["security"]:
        # Schemes of a service's own mean nothing at the edge; what stays is whether it is open to all.
        operation["security"] = [] if not operation["security"] else _SECURITY
    elif "x-permission" in operation and _GUEST.may(operation["x-permission"]):
        operation["security"] = _OPTIONAL
    for status in _EDGE:
        operation.setdefault("responses", {}).setdefault(status, {"$ref": f"{_REF}responses/{status}"})
    if service != "gateway" and not _is_foreign(path):
        names = {p.get("name", "").lower() for p in operation.get("parameters", ())}
        if "x-company-id" not in names:
            operation.setdefault("parameters", []).append(_COMPANY_REF)


def _is_foreign(path: str) -> bool:
    segments = tuple(path.removeprefix("/api/v1").strip("/").split("/"))
    target = find(Path(path, segments, is_api=path.startswith("/api/")))
    return target is not None and target.route.trust is Trust.FOREIGN


def _groups(tags: Iterable[str]) -> list[Document]:
    groups: dict[str, list[str]] = {}
    for tag in sorted(tags):
        groups.setdefault(tag.partition(": ")[0], []).append(tag)
    return [{"name": name, "tags": members} for name, members in groups.items()]


Key = tuple[str, str]


def _renames(parts: Mapping[str, Document]) -> dict[str, dict[Key, str]]:
    """New names for components that differ between services, by service.

    Two are the same only if they read the same and all they refer to is the same; so differences spread along
    references until nothing changes.
    """
    owners: dict[Key, dict[str, Any]] = {}
    for service, document in parts.items():
        for section, items in document.get("components", {}).items():
            for name, item in items.items():
                owners.setdefault((section, name), {})[service] = item
    shared = {key: found for key, found in owners.items() if len(found) > 1}
    clashing = {
        key for key, found in shared.items() if len({_canonical(item) for item in found.values()}) > 1
    }
    references = {key: _references(next(iter(found.values()))) for key, found in shared.items()}
    grows = True
    while grows:
        more = {key for key in shared if key not in clashing and not references[key].isdisjoint(clashing)}
        clashing |= more
        grows = bool(more)
    renames: dict[str, dict[Key, str]] = {service: {} for service in parts}
    for section, name in clashing:
        for service in shared[section, name]:
            new = f"{service.capitalize()}{name[:1].upper()}{name[1:]}"
            while (section, new) in owners:
                new += "_"
            renames[service][section, name] = new
    return renames


def _canonical(item: Any) -> str:
    return json.dumps(item, sort_keys=True, default=str)


def _references(item: Any) -> set[Key]:
    found: set[Key] = set()

    def note(reference: str) -> str:
        section, _, name = reference.removeprefix(_REF).partition("/")
        found.add((section, name))
        return reference

    _walk(item, note)
    return found


def _rewrite(document: Document, renames: Mapping[Key, str]) -> Document:
    def renamed(reference: str) -> str:
        section, _, name = reference.removeprefix(_REF).partition("/")
        return f"{_REF}{section}/{renames.get((section, name), name)}"

    _walk(document, renamed)
    return document


def _walk(node: Any, change: Callable[[str], str]) -> None:
    """Apply `change` to every reference to a component, in place."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str) and value.startswith(_REF):
                node[key] = change(value)
            elif key == "mapping" and "propertyName" in node and isinstance(value, dict):
                node[key] = {n: change(v) if v.startswith(_REF) else v for n, v in value.items()}
            else:
                _walk(value, change)
    elif isinstance(node, list):
        for value in node:
            _walk(value, change)


_PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
# What the edge may answer in place of any operation.
_EDGE = {
    "414": "`target-too-long`: path and query together are longer than `limit_bytes`",
    "431": "`headers-too-large`: the headers together are larger than `limit_bytes`",
    "502": "`upstream-failed`: the service behind failed",
    "504": "`upstream-timeout`: the service behind did not answer in time",
}
_PROBLEMS = {
    "400": "`bad-request`: the path, the query or the headers are broken",
    "401": "`unauthenticated`: no valid credential came with the request",
    "403": "`permission-denied`: `required_permission` names what is missing",
    "429": "`rate-limited`: wait for `Retry-After` seconds",
    "503": "`unavailable`: try again after `Retry-After` seconds",
}


def _own(operations: Iterable[Operation]) -> Document:
    """The document of the gateway's own operations."""
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas = {**problem.pop("$defs", {}), "Problem": problem}
    content = _PROBLEM
    paths: Document = {}
    for operation in operations:
        if operation.id is None:
            continue
        problems = dict(_PROBLEMS)
        if operation.permission is None:
            del problems["403"]
        if operation.permission is None and not operation.needs_actor:
            del problems["401"]
        if operation.parameters:
            problems["422"] = "`validation-failed`: a parameter is not valid"
        if "{" in operation.path:
            problems["404"] = "`not-found`: there is no such thing"
        description = operation.description
        if operation.permission is not None:
            description = f"{description}\n\nNeeds the permission `{operation.permission}`.".strip()
        described: Document = {
            "operationId": operation.id,
            "tags": [operation.tag],
            "summary": operation.summary,
            "description": description,
            "parameters": [dict(parameter) for parameter in operation.parameters],
            "responses": {
                "200": {
                    "description": "Done",
                    "content": {"application/json": {"schema": dict(operation.response)}},
                },
                **{s: {"description": d, "content": content} for s, d in sorted(problems.items())},
            },
        }
        if operation.permission is not None:
            described["x-permission"] = operation.permission
        else:
            described["security"] = _OPTIONAL if operation.needs_actor else []
        if operation.body is not None:
            schema = dict(operation.body)
            described["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
        path = operation.path if operation.at_root else f"/api/v1{operation.path}"
        paths.setdefault(path, {})[operation.method.lower()] = described
    return {"paths": paths, "components": {"schemas": schemas}}
