"""Walks every operation of the merged API document as one business, and looks for anything of another.

Nothing is listed by hand but what cannot be told from the document: what a field refers to, where an id comes from, and
reasons. An operation that the walk cannot try makes it fail, and the sentence says what to add.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import httpx

from deploy.e2e.hostile.bodies import Document, Place
from deploy.e2e.isolation.world import Business, Json, Recorded, claims, ids_in, renewed
from libs.common.actor import ACTOR_HEADER
from libs.common.ids import new_id
from services.payments.tests.pdf_text import texts

METHODS = ("get", "post", "put", "patch", "delete")
PAGING = {"limit", "cursor", "order", "q", "company_id"}

# What a field of a body or query refers to, where its name is not that of an id of `Business.ids`.
REFERENCES = {
    "owner_id": "user_id",
    "assignee_id": "user_id",
    "mentions": "user_id",
    "member_ids": "user_id",
    "member_id": "user_id",
    "recipient_ids": "user_id",
    "recipient_id": "user_id",
    "author_id": "user_id",
    "created_by_id": "user_id",
    "actor_id": "user_id",
    "acted_as_id": "user_id",
    "to_user_id": "user_id",
    "from_user_id": "user_id",
    "escalate_to_id": "user_id",
    "object_id": "deal_id",
    "resource_id": "deal_id",
    "method_id": "shipping_method_id",
    "roles": "role",
    "directories": "tenant_id",
    "GET /api/v1/chat/for_object id": "deal_id",
    "GET /api/v1/inventory/movements cause_id": "order_id",
    "POST /api/v1/shipping/accounts id": "shipping_method_id",
    "PUT /api/v1/shipping/accounts/{account_id} id": "shipping_method_id",
    "PATCH /api/v1/shipping/accounts/{account_id} id": "shipping_method_id",
    "POST /api/v1/payments/checkouts order_id": "open_order_id",
    "POST /api/v1/orders/{order_id}/shipments line_id": "paid_line_id",
    "POST /api/v1/orders/{order_id}/shipments variant_id": "paid_variant_id",
    "GET /api/v1/deals applicant_company_id": "tenant_id",
    "GET /api/v1/companies applicant_company_id": "tenant_id",
    "GET /api/v1/registrations applicant_company_id": "tenant_id",
}
# Fields that take any id, known or not, since nothing is looked up by it, each with the reason.
LOOSE = {
    "product_id": "a note of where the line of a deal came from; its sku, name and price are its own",
    "customer_user_id": "a note of whose an order or invoice is; mail goes to the address that stands beside it",
    "directories": "ids of Microsoft's directories, none of which is ours",
    "object_id": "a message may be on a thing of any service, and shows to its own business only",
    "POST /api/v1/shipping/accounts rates.0.id": "a new account has no rates yet, so every id is refused",
}
# Fields of bodies that are one's own in every body, by operation.
BODIES = {
    "POST /api/v1/payments/checkouts": {"order_id": "open_order_id"},
    "POST /api/v1/tenants/{tenant_id}/members": {"email": "free_email"},
    "PUT /api/v1/users/{user_id}": {"email": "user_email"},
    "POST /api/v1/tenants/{tenant_id}/staff-grants": {"email": "staff_email"},
}
# Fields of which a body has one.
EITHER = ({"line_id", "variant_id"}, {"to_user_id", "to_email"}, {"user_id", "email"})
# What ends the session it is called with.
LAST = {"POST /api/v1/auth/sessions/revoke-all", "POST /api/v1/auth/password/change"}
# Reading that is written down, and so changes what the next one reads of the audit log.
NOTED = {"GET /api/v1/audit-log/export", "GET /api/v1/privacy/exports/{export_id}/file"}
# Members of answers that differ from one moment to the next.
VOLATILE = {"request_id", "instance", "as_of", "last_seen_at", "seconds", "seconds_in_stage"} | {
    "seconds_left",
    "absolute_seconds_left",
    "idle_expires_at",
}
# Operations that are open to whoever knows something, or to all, each with the reason.
OPEN = {
    "GET /.well-known/jwks.json": "public keys",
    "GET /api/v1/": "the index of the API",
    "GET /api/v1/asyncapi.json": "the documents of the API",
    "GET /api/v1/schema": "the documents of the API",
    "POST /api/v1/auth/login": "needs the password",
    "POST /api/v1/auth/token": "needs the password",
    "POST /api/v1/auth/token/revoke": "needs the token",
    "POST /api/v1/invitations/show": "needs the token",
    "POST /api/v1/invitations/accept": "needs the token",
    "POST /api/v1/auth/logout": "ends the session of the token shown, and no other",
    "POST /api/v1/auth/refresh": "needs the token",
    "POST /api/v1/auth/register": "makes a business of its own",
    "POST /api/v1/auth/passkeys/login/options": "the same for everybody",
    "POST /api/v1/auth/passkeys/login/verify": "needs the passkey",
    "GET /api/v1/auth/oidc/{provider}/start": "names a provider, and sends to it whoever asks",
    "GET /api/v1/auth/oidc/{provider}/callback": "needs the cookie of the browser and the word of the provider",
    "POST /api/v1/auth/oidc/exchange": "needs the code",
    "GET /api/v1/registrations/status/{token}": "open to who holds the link, which is signed",
    "GET /api/v1/registrations/status/{token}/stream": "open to who holds the link, which is signed",
    "POST /api/v1/auth/signup": "joins a shop as its client, which is open to all",
    "GET /sandbox/pay/{checkout_id}": "the provider's page, open to who holds its address, which nobody can guess",
    "POST /sandbox/pay/{checkout_id}": "the provider's page, open to who holds its address, which nobody can guess",
    "POST /api/v1/payments/webhooks/{provider}/{account_id}": "believed when signed with the secret of the account",
}


@dataclass(frozen=True)
class Operation:
    """One operation of the document."""

    method: str
    path: str
    spec: Json

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def names(self) -> list[str]:
        """The parameters of its path."""
        return re.findall(r"{(\w+)}", self.path)

    @property
    def is_stream(self) -> bool:
        """Whether it answers with events for as long as one listens."""
        return any("text/event-stream" in r.get("content", {}) for r in self.spec["responses"].values())

    @property
    def schema(self) -> Json | None:
        """The schema of its JSON body."""
        content = self.spec.get("requestBody", {}).get("content", {}).get("application/json")
        return content and content["schema"]

    def fits(self, path: str) -> bool:
        """Whether a path is one of this operation's."""
        return re.fullmatch(re.sub(r"{\w+}", "[^/]+", self.path), path) is not None


class Secrets:
    """What only one business may see: its ids and its word."""

    def __init__(self, marker: str, ids: set[str]) -> None:
        self.marker = marker
        self.ids = ids

    def found(self, text: str) -> set[str]:
        """The secrets in a text."""
        return {found for found in ids_in(text) if found in self.ids} | (
            {self.marker} if self.marker in text else set()
        )


def shown(response: httpx.Response) -> str:
    """All the text of an answer: its headers, and what a reader of the body would see."""
    headers = "\n".join(
        f"{name}: {value}" for name, value in response.headers.items() if name != "x-request-id"
    )
    is_pdf = response.headers.get("content-type", "") == "application/pdf"
    return f"{headers}\n{texts(response.content) if is_pdf else response.text}"


class Walk:
    """The walk of `mine` over everything, looking for what is of `theirs`.

    Attributes:
        crossings: sentences, one for each thing that crossed or could not be tried.
        tried: how often each operation was tried, by way.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        document: Document,
        mine: Business,
        theirs: Business,
        secrets: Secrets,
        outsider: dict[str, str],
        *,
        below: str = "/",
        twins: bool = True,
        given: set[str] | None = None,
        tried: dict[str, Counter[str]] | None = None,
    ) -> None:
        self.http = http
        self.document = document
        self.mine = mine
        self.theirs = theirs
        self.secrets = secrets
        self.outsider = outsider
        self.below = below
        # Whether each question is asked with what never was as well, and both answers compared.
        self.twins = twins
        self.crossings: list[str] = []
        self.tried: dict[str, Counter[str]] = defaultdict(Counter) if tried is None else tried
        # Ids of the other business that were taken where any id is, and so come back.
        self.given: set[str] = set() if given is None else given
        self._paths: dict[tuple[str, str], list[str] | None] = {}

    def operations(self) -> Iterator[Operation]:
        """Every operation of the document, below a path if one is named."""
        for path, item in self.document.document["paths"].items():
            for method in METHODS:
                if method in item and path.startswith(self.below):
                    yield Operation(method.upper(), path, item[method])

    async def send(
        self, way: str, operation: Operation, path: str, who: dict[str, str], **options: Any
    ) -> httpx.Response:
        """Ask, and look for secrets in the answer that were not in the question."""
        headers = {**who, **options.pop("headers", {})}
        if any(p.get("name") == "Idempotency-Key" for p in self._parameters(operation)):
            headers.setdefault("Idempotency-Key", str(new_id()))
        response = await self.http.request(operation.method, path, headers=headers, **options)
        self.tried[str(operation)][way] += 1
        asked = f"{path} {options} {headers}"
        leaked = {
            secret for secret in self.secrets.found(shown(response)) if secret not in asked
        } - self.given
        if leaked:
            self.cross(
                operation,
                way,
                f"answers {response.status_code} with {sorted(leaked)[:3]}: {response.text[:300]}",
            )
        if response.status_code >= 500:
            self.cross(operation, way, f"answers {response.status_code}: {response.text[:300]}")
        return response

    def cross(self, operation: Operation, way: str, what: str) -> None:
        """Note that something crossed."""
        self.crossings.append(f"{operation} ({way}) {what}")

    def _parameters(self, operation: Operation, where: str = "header") -> list[Json]:
        found = (self.document.resolve(p) for p in operation.spec.get("parameters", ()))
        return [p for p in found if p["in"] == where]

    # Paths

    async def values(self, business: Business, operation: Operation) -> list[str] | None:
        """The values of a path's parameters that name something a business has."""
        known: list[str] = []
        segments = operation.path.split("/")
        for at, segment in enumerate(segments):
            if segment.startswith("{"):
                prefix = "/".join(segments[: at + 1])
                value = business.places.get(f"{operation.method} {prefix}") or await self._value(
                    business, prefix, _fill("/".join(segments[:at]), known)
                )
                if value is None:
                    return None
                known.append(value)
        return known

    async def _value(self, business: Business, prefix: str, path: str) -> str | None:
        key = (business.marker, prefix)
        if key not in self._paths:
            given = business.places.get(prefix)
            if given is None:
                response = await self.http.get(path, headers=business.owner)
                is_list = response.status_code == 200 and isinstance(response.json(), dict)
                items = response.json().get("items") if is_list else None
                given = items[0].get("id") if items else None
            self._paths[key] = [given] if given else None
        found = self._paths[key]
        return found[0] if found else None

    # Bodies

    def body(self, operation: Operation) -> Json:
        """A body that fits, with what is one's own."""
        schema = operation.schema
        if schema is None:
            return None
        allowed = {key for branch in self.document.branches(schema) for key in branch.get("properties", {})}
        recorded = next(_recorded(self.mine.recorded, operation), None)
        if recorded is None and operation.method == "PUT":
            parent = Operation("POST", operation.path.rpartition("/")[0], {})
            recorded = next(_recorded(self.mine.recorded, parent), None)
        given = {name: self.mine.ids[key] for name, key in BODIES.get(str(operation), {}).items()}
        known = {"currency": "ZAR", "country": "ZA", "permission": "crm.deals.read", **self.mine.ids}
        example = self.document.example(schema, known.get, full=False)
        if isinstance(recorded and recorded.body, dict):
            assert recorded is not None
            example = {**(example or {}), **{k: v for k, v in recorded.body.items() if k in allowed}}
        return {**renewed(example), **given} if given else renewed(example)

    def references(self, operation: Operation) -> Iterator[tuple[Place, str]]:
        """The places of a body that refer to something, with the key of `Business.ids` that says to what."""
        for place, branches in self.document.places(operation.schema or {}):
            name = next(str(key) for key in reversed(place) if isinstance(key, str))
            is_id = any(branch.get("format") == "uuid" for branch in branches)
            is_member = place[-1] == 0 and name in REFERENCES
            if is_id or is_member:
                yield place, self.refers(operation, name)

    def refers(self, operation: Operation, name: str) -> str:
        """What a field refers to."""
        key = REFERENCES.get(f"{operation} {name}") or REFERENCES.get(name) or name
        if key not in self.mine.ids:
            self.cross(
                operation, "body", f"has {name}: say in REFERENCES what it refers to, and have it in world.py"
            )
        return key

    def put(self, operation: Operation, body: Json, place: Place, value: str) -> Json:
        """The body with a value in one place, made from the example where the body has no such place."""
        full = self.document.example(operation.schema or {}, self.mine.ids.get)
        body = json.loads(json.dumps(body if isinstance(body, dict) else {}))
        spot, model = body, full
        for key in place[:-1]:
            if isinstance(spot, dict) and not spot.get(key):
                spot[key] = model[key]
            spot, model = spot[key], model[key]
        if isinstance(spot, list):
            spot[:] = [value]
        else:
            for names in EITHER:
                if place[-1] in names:
                    for name in names:
                        spot.pop(name, None)
            spot[place[-1]] = value
        return body

    # Ways to try

    async def own(self) -> None:
        """What one reads of one's own holds nothing of others."""
        for operation in self.operations():
            if operation.method != "GET" or operation.is_stream or str(operation) in OPEN:
                continue
            # Headers that only the gateway writes, or that nobody reads, must change nothing.
            spoofed = {ACTOR_HEADER: "e30=.x", "X-Tenant-Id": self.theirs.company, "Forwarded": "host=x"}
            await self._read("own", operation, {**self.mine.owner, **spoofed})

    async def snapshot(self) -> dict[str, Any]:
        """All that one reads of one's own, by operation."""
        found = {}
        for operation in self.operations():
            if str(operation) in NOTED:
                continue
            if operation.method == "GET" and not operation.is_stream and str(operation) not in OPEN:
                response = await self._read("before and after", operation, self.mine.owner)
                if response is not None and response.status_code == 200:
                    found[str(operation)] = _steady(response)
        return found

    async def _read(self, way: str, operation: Operation, who: dict[str, str]) -> httpx.Response | None:
        values = await self.values(self.mine, operation)
        if values is None:
            self.cross(
                operation, way, f"needs something in both businesses: make it in world.py ({operation.path})"
            )
            return None
        required = {
            p["name"]: self.filter_value(self.mine, operation, p)
            for p in self._parameters(operation, "query")
            if p.get("required")
        }
        response = await self.send(way, operation, _fill(operation.path, values), who, params=required)
        refused = response.status_code == 403 and response.json().get("required_permission")
        if response.status_code != 200 and not refused:
            self.cross(
                operation, way, f"cannot be read by its owner: {response.status_code} {response.text[:200]}"
            )
        items = _items(response)
        if items == [] and str(operation) not in EMPTY:
            self.cross(operation, way, "shows no row, so nothing is proven: make one in world.py")
        return response

    async def foreign_ids(self) -> None:
        """Another's id is answered as one that never was."""
        for operation in self.operations():
            if not operation.names or str(operation) in OPEN:
                continue
            theirs, mine = await self.values(self.theirs, operation), await self.values(self.mine, operation)
            if theirs is None or mine is None:
                self.cross(operation, "id", "needs something in both businesses: make it in world.py")
                continue
            body = self.body(operation)
            never = [
                value if value == other else _never(value) for value, other in zip(theirs, mine, strict=True)
            ]
            for chosen in _mixtures(len(theirs)):
                foreign = [theirs[n] if n in chosen else mine[n] for n in range(len(mine))]
                unknown = [never[n] if n in chosen else mine[n] for n in range(len(mine))]
                if foreign == mine:
                    continue
                answers = []
                for values in (unknown, foreign) if self.twins else (foreign,):
                    options = {"json": body} if operation.schema is not None else {}
                    response = await self.send(
                        "id", operation, _fill(operation.path, values), self.mine.owner, **options
                    )
                    answers.append(_answer(response, values))
                    if response.status_code < 400:
                        self.cross(operation, "id", f"takes the id of another: {response.status_code}")
                if answers[0] != answers[-1]:
                    self.cross(
                        operation, "id", f"tells another's id from none: {answers[1]} against {answers[0]}"
                    )

    async def foreign_filters(self) -> None:
        """Lists filtered by another's values are as those filtered by values that never were."""
        for operation in self.operations():
            if operation.method != "GET" or operation.is_stream or str(operation) in OPEN:
                continue
            parameters = self._parameters(operation, "query")
            values = await self.values(self.mine, operation)
            if values is None:
                continue
            path = _fill(operation.path, values)
            given = {
                p["name"]: self.filter_value(self.mine, operation, p) for p in parameters if p.get("required")
            }
            for parameter in parameters:
                name = parameter["name"]
                if name in PAGING - {"q", "company_id"}:
                    continue
                theirs = self.filter_value(self.theirs, operation, parameter)
                if theirs is None or theirs == self.filter_value(self.mine, operation, parameter):
                    continue
                answers = []
                way = name if name in ("q", "company_id") else "filter"
                # Of a list it is known what an unknown value gives: nothing.
                is_list = any(p["name"] == "limit" for p in parameters)
                is_known = is_list and way == "filter"
                asked = (theirs,) if is_known or not self.twins else (_never(theirs), theirs)
                for value in asked:
                    params = {**given, name: value}
                    response = await self.send(way, operation, path, self.mine.owner, params=params)
                    answers.append(_answer(response, [value]))
                    if is_known and _items(response) and theirs not in self.given:
                        self.cross(
                            operation, way, f"{name} finds rows by another's value: {response.text[:200]}"
                        )
                if answers[0] != answers[-1]:
                    self.cross(
                        operation, way, f"{name} tells another's value: {answers[1]} against {answers[0]}"
                    )
            if str(operation) not in NOTED and any(p["name"] == "cursor" for p in parameters):
                await self._foreign_cursor(operation, path, given)

    async def _foreign_cursor(self, operation: Operation, path: str, given: dict[str, Any]) -> None:
        values = await self.values(self.theirs, operation)
        if values is None:
            return
        required = {
            p["name"]: self.filter_value(self.theirs, operation, p)
            for p in self._parameters(operation, "query")
            if p.get("required")
        }
        page = await self.http.get(
            _fill(operation.path, values), headers=self.theirs.owner, params={**required, "limit": 1}
        )
        if page.status_code == 403:
            return
        cursor = page.json().get("next_cursor")
        if cursor is None:
            if str(operation) not in EMPTY and str(operation) not in ONE_PAGE:
                self.cross(operation, "cursor", "has no second page: make two rows in world.py")
            return
        response = await self.send(
            "cursor", operation, path, self.mine.owner, params={**given, "limit": 1, "cursor": cursor}
        )
        if "invalid-cursor" not in response.text:
            self.cross(operation, "cursor", f"takes the cursor of another: {response.status_code}")

    def filter_value(self, business: Business, operation: Operation, parameter: Json) -> str | None:
        """A value of a business for a parameter of a query; None where values are no one's."""
        name = parameter["name"]
        branches = self.document.branches(parameter["schema"])
        branches = [b for branch in branches for b in self.document.branches(branch.get("items", branch))]
        if any(branch.get("format") == "uuid" for branch in branches):
            if name == "company_id" and parameter["description"].startswith("The business to act in"):
                return business.company
            if name == "registration_id":
                return business.registration
            return business.ids.get(self.refers(operation, name))
        if any("enum" in branch or "const" in branch for branch in branches):
            return None
        if name in ("object_type", "type") and "chat" in operation.path:
            return "deal" if parameter.get("required") else None
        is_text = any(branch.get("type") == "string" and "format" not in branch for branch in branches)
        return business.texts.get(name, business.marker) if is_text and name not in FORMATTED else None

    async def foreign_references(self) -> None:
        """Another's ids in bodies are refused as those of nothing, and one's own are told from them."""
        for operation in self.operations():
            if operation.schema is None or str(operation) in OPEN:
                continue
            for place, key in self.references(operation):
                if key in self.mine.ids:
                    await self._foreign_reference(operation, place, key)

    async def _foreign_reference(self, operation: Operation, place: Place, key: str) -> None:
        # Whatever came before may have changed what a list begins with.
        self._paths.clear()
        values = await self.mine.another(str(operation)) or await self.values(self.mine, operation)
        if values is None:
            self.cross(operation, "body", "needs something of one's own: make it in world.py")
            return
        name = ".".join(map(str, place))
        field = next(str(part) for part in reversed(place) if isinstance(part, str))
        is_loose = field in LOOSE or f"{operation} {name}" in LOOSE
        own = self.mine.ids[key]
        answers = []
        for value in (_never(own), self.theirs.ids[key], own) if self.twins else (self.theirs.ids[key],):
            body = self.put(operation, self.body(operation), place, value)
            response = await self.send(
                "body", operation, _fill(operation.path, values), self.mine.owner, json=body
            )
            if is_loose and response.status_code < 400 and value == self.theirs.ids[key]:
                self.given.add(value)
            answers.append(_answer(response, [value]))
        if not self.twins:
            if answers[0][0] < 400 and not is_loose:
                self.cross(operation, "body", f"takes the {name} of another: {answers}")
            return
        never, theirs, mine = answers
        if never[0] != theirs[0] or (never[0] >= 400 and never != theirs):
            self.cross(operation, "body", f"{name} tells another's id: {theirs} against {never}")
        if is_loose or '"required_permission"' in mine[1]:
            return
        if theirs[0] < 400:
            self.cross(operation, "body", f"takes the {name} of another: {theirs}")
        elif mine == theirs:
            self.cross(operation, "body", f"refuses its own {name} too, so nothing is proven: {mine}")

    async def elsewhere(self) -> None:
        """Who names a business that is not his, or is nobody, gets nothing of it."""
        company = {"X-Company-Id": self.theirs.company}
        shop = {"X-Company-Id": self.mine.company}
        token = {"Authorization": self.mine.owner["Authorization"]}
        callers = {
            "named": {**token, **company},
            "outsider": {**self.outsider, **company},
            "of no business": self.outsider,
            "guest": shop,
            "nobody": {},
        }
        for operation in self.operations():
            values = await self.values(self.theirs, operation)
            mine = await self.values(self.mine, operation)
            if values is None or str(operation) in OPEN:
                continue
            body = self.body(operation)
            for way, who in callers.items():
                if way == "of no business" and str(operation) in LAST:
                    continue
                # Both are stopped where their credential is read, whatever they ask for.
                is_list = operation.method == "GET" and not operation.names
                if way in ("outsider", "nobody") and not is_list:
                    continue
                if way == "of no business" and operation.method != "GET":
                    continue
                if way == "guest" and operation.method != "GET" and not operation.names:
                    continue
                options = {"json": body} if operation.schema is not None else {}
                response = await self.send(way, operation, _fill(operation.path, values), who, **options)
                is_good = response.status_code < 400
                is_refused = response.status_code == 403 and response.json()["slug"] == "tenant-forbidden"
                if way in ("named", "outsider") and not is_refused:
                    self.cross(
                        operation, way, f"is not refused: {response.status_code} {response.text[:200]}"
                    )
                elif is_good and values != mine and way != "named":
                    self.cross(operation, way, f"takes the id of another: {response.status_code}")

    async def foreign_keys(self) -> None:
        """Another's idempotency key, with his very request, replays nothing."""
        for operation in self.operations():
            if not any(p.get("name") == "Idempotency-Key" for p in self._parameters(operation)):
                continue
            first = next((r for r in _recorded(self.theirs.recorded, operation) if r.key), None)
            if first is None:
                self.cross(operation, "key", "was never called with an Idempotency-Key: do so in world.py")
                continue
            key = {"Idempotency-Key": str(first.key)}
            for who in (self.mine.owner, {"X-Company-Id": self.mine.company}, self.mine.client):
                response = await self.send("key", operation, first.path, who, headers=key, json=first.body)
                if "idempotency-replayed" in response.headers:
                    self.cross(operation, "key", "replays what another was answered")
            again = None
            for who in (self.theirs.client, self.theirs.colleague, self.theirs.owner):
                response = await self.http.request(
                    operation.method, first.path, headers={**who, **key}, json=first.body
                )
                if claims(who)["sub"] == claims(first.headers)["sub"]:
                    again = response
                elif "idempotency-replayed" in response.headers:
                    self.cross(operation, "key", "replays to one person what another was answered")
            assert again is not None
            if "idempotency-replayed" not in again.headers:
                self.cross(
                    operation,
                    "key",
                    f"does not replay to its owner, so nothing is proven: {again.status_code}",
                )

    async def inside(self) -> None:
        """Every way of somebody who is signed in to a business of his own."""
        await self.own()
        await self.foreign_ids()
        await self.foreign_filters()
        await self.foreign_references()

    def untried(self) -> list[str]:
        """Operations that were not tried and are not open with a reason."""
        known = {str(operation) for operation in self.operations()}
        gone = [
            f"{name} is named in walk.py and not in the document"
            for name in (*OPEN, *EMPTY, *ONE_PAGE)
            if name not in known
        ]
        return gone + [
            f"{operation} was not tried: see the other sentences, or give a reason in OPEN"
            for operation in self.operations()
            if not self.tried[str(operation)] and str(operation) not in OPEN
        ]

    def table(self) -> str:
        """Each operation with how it was tried and how often."""
        lines = []
        for operation in self.operations():
            ways = ", ".join(f"{way} {count}" for way, count in sorted(self.tried[str(operation)].items()))
            lines.append(f"{operation!s:<75} {ways or OPEN.get(str(operation), 'NOT TRIED')}")
        return "\n".join(lines)


# Lists that hold nothing for a business, each with the reason.
EMPTY: dict[str, str] = {}
# Lists of which a business has one row only, each with the reason.
ONE_PAGE = {"GET /api/v1/assigned-products": "a business is given one product"}
# Texts of a form that the word of a business does not have.
FORMATTED = {
    "order",
    "currency",
    "tz",
    "country",
    "locale",
    "tax_class",
    "at",
    "from",
    "to",
    "format",
    "grain",
    "by",
}


def _fill(path: str, values: Iterable[str]) -> str:
    left = iter(values)
    return re.sub(r"{\w+}", lambda _: next(left), path)


def _never(value: str) -> str:
    """A value of the same form that never was."""
    if re.fullmatch(r"[0-9a-f-]{36}", value):
        return str(new_id())
    return f"never{str(new_id())[-12:]}".ljust(len(value), "x")[: max(len(value), 17)]


def _mixtures(count: int) -> Iterator[set[int]]:
    for size in range(1, count + 1):
        for chosen in combinations(range(count), size):
            yield set(chosen)


def _recorded(recorded: list[Recorded], operation: Operation) -> Iterator[Recorded]:
    for made in reversed(recorded):
        if made.method == operation.method and made.response.status_code < 300 and operation.fits(made.path):
            yield made


def _items(response: httpx.Response) -> list[Any] | None:
    if response.status_code != 200 or "json" not in response.headers.get("content-type", ""):
        return None
    body = response.json()
    items = body.get("items") if isinstance(body, dict) else None
    return items if isinstance(items, list) else None


def _answer(response: httpx.Response, sent: Iterable[str]) -> tuple[int, str]:
    """What an answer says, but for the ids that were asked with and the number of the request."""
    text = response.text
    if response.content and "json" in response.headers.get("content-type", ""):
        text = json.dumps(_lasting(response.json()), sort_keys=True)
    for value in sent:
        text = text.replace(value, "·")
    return response.status_code, text


def _lasting(value: Any) -> Any:
    """An answer without what differs from one moment to the next."""
    if isinstance(value, dict):
        # A cursor is bound to what was asked, so it differs with that.
        return {
            key: inner is not None if key == "next_cursor" else _lasting(inner)
            for key, inner in value.items()
            if key not in VOLATILE
        }
    return [_lasting(inner) for inner in value] if isinstance(value, list) else value


def _steady(response: httpx.Response) -> Any:
    if response.headers.get("content-type") == "application/pdf":
        return texts(response.content)
    is_json = "json" in response.headers.get("content-type", "")
    return _lasting(response.json()) if is_json else response.text
