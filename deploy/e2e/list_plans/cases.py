"""What each list is asked: filters by rare and frequent values, orders, searches."""

from collections.abc import Iterator
from datetime import date, datetime
from types import UnionType
from typing import Any, Union, get_args, get_origin
from uuid import UUID

from deploy.e2e.list_plans.endpoints import Endpoint
from deploy.e2e.list_plans.lists import Lists
from deploy.e2e.list_plans.values import ME
from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.filters import Custom, column_of
from libs.common.ids import new_id
from libs.common.testing.rows import POOL


def choices(lists: Lists, endpoint: Endpoint, table: str) -> Iterator[dict[str, Any]]:
    """The parameters to try of each filter: of a rare value and a frequent one, of two, and of narrow ranges."""
    service = lists.client(endpoint.service).context.service
    model = service.metadata.tables[table]
    for name, info in endpoint.query.model_fields.items():
        if name in {"limit", "cursor", "order", "q", *REQUIRED.get(endpoint.path, {})} or (
            name == "company_id" and info.description and "superusers" in info.description
        ):
            continue
        kinds = (
            get_args(info.annotation)
            if get_origin(info.annotation) in (Union, UnionType)
            else [info.annotation]
        )
        if any(isinstance(mark, Custom) for mark in info.metadata):
            yield from CUSTOM.get((endpoint.path, name)) or [{name: value} for value in ("true", "false")]
            continue
        column, operator = column_of(model.columns, name, info.metadata)
        found = lists.admin.execute(
            f'SELECT "{column}" FROM {table} WHERE "{column}" IS NOT NULL AND {OF_TENANT.get(table, MINE)} '
            "GROUP BY 1 ORDER BY count(*), 1"
        ).fetchall()
        values = [_text(value) for (value,) in found]
        if operator == "__eq__":
            yield {name: values[0]}
            yield {name: values[-1]}
            if any(get_origin(kind) is list for kind in kinds) and len(values) > 1:
                yield {name: [values[0], values[-1]]}
        else:
            ordered = sorted(value for (value,) in found)
            yield {name: _text(ordered[5 if operator == "__le__" else -5])}
            # A wide range is read in its own order; in another one any rows may lie before the first that is within.
            if column in endpoint.query.orderable:
                yield {name: _text(ordered[len(ordered) // 2]), "order": column}


def _text(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value).lower() if isinstance(value, bool) else str(value)


MINE = f"tenant_id = '{OPERATOR_TENANT_ID}'"
OF_TENANT = {"identity.tenants": "true", "identity.registrations": "true", "identity.sessions": "true"}
POOLED = str(UUID(f"01900000-0000-7000-8000-{POOL - 1:012x}"))
CUSTOM: dict[tuple[str, str], list[dict[str, Any]]] = {
    ("/audit-log", "actor_kind"): [
        {"actor_kind": kind} for kind in ("guest", "system", ["guest", "api_key"])
    ],
    ("/registrations", "assignee"): [{"assignee": "me"}, {"assignee": "none"}],
    ("/registrations", "waiting_for"): [{"waiting_for": whom} for whom in ("staff", "applicant", "nobody")],
    ("/registrations", "provisioning"): [{"provisioning": state} for state in ("running", "failed")],
    # Facets are counted over up to 10,000 of the products found.
    ("/products", "facets"): [{"facets": "false"}],
    ("/products", "category"): [{"category": "none"}],
    ("/products", "category_id"): [{"category_id": POOLED}, {"category_id": str(new_id())}],
    ("/memos", "recipient_id"): [{"recipient_id": whom} for whom in (POOLED, str(ME), [POOLED, str(ME)])],
    ("/projects", "member_id"): [{"member_id": whom} for whom in (POOLED, str(ME), [POOLED, str(ME)])],
    ("/sandbox/mailbox", "to"): [{"to": "nobody@mail.example"}],
    ("/sandbox/mailbox", "subject"): [{"subject": "Karoo"}, {"subject": "zzqqzz"}],
    ("/ledger/accounts", "at"): [{"at": "2026-01-01T00:00:00Z"}],
}


# Filters whose names are the business's own.
BESIDE: dict[str, list[dict[str, Any]]] = {
    "/products": [
        {"attr.color": "rare"},
        {"attr.color": "red"},
        {"attr.color": ["rare", "none"], "attr.size": "none"},
        {"attr.none": "none"},
    ]
}
TABLES = {
    "/tenants/{tenant_id}/invitations": "identity.invitations",
    "/tenants/{tenant_id}/members": "identity.members",
    "/users": "identity.members",
}
REQUIRED: dict[str, dict[str, Any]] = {"/chat/for_object": {"type": "deal", "id": str(ME)}}
