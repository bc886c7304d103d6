"""Walks every operation of the merged API document as one business, and looks for anything of another.

Nothing is listed by hand but what cannot be told from the document: what a field refers to, where an id comes from, and
reasons. An operation that the walk cannot try makes it fail, and the sentence says what to add.
"""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import httpx

from deploy.e2e.hostile.bodies import Place
from deploy.e2e.isolation.answers import comparable, items_of, steady
from deploy.e2e.isolation.asking import Asking, filled, nothing_like, recorded_of
from deploy.e2e.isolation.by_hand import EMPTY, FORMATTED, LAST, LOOSE, NOTED, ONE_PAGE, OPEN, PAGING
from deploy.e2e.isolation.operations import Operation
from deploy.e2e.isolation.recorded import claims
from deploy.e2e.isolation.words import Json
from deploy.e2e.isolation.world import Business
from libs.common.actor import ACTOR_HEADER
from libs.common.ids import new_id


class Walk(Asking):
    """The walk of `mine` over everything, looking for what is of `theirs`."""

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
                    found[str(operation)] = steady(response)
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
            for p in self.parameters(operation, "query")
            if p.get("required")
        }
        response = await self.send(way, operation, filled(operation.path, values), who, params=required)
        refused = response.status_code == 403 and response.json().get("required_permission")
        if response.status_code != 200 and not refused:
            self.cross(
                operation, way, f"cannot be read by its owner: {response.status_code} {response.text[:200]}"
            )
        items = items_of(response)
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
                value if value == other else nothing_like(value)
                for value, other in zip(theirs, mine, strict=True)
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
                        "id", operation, filled(operation.path, values), self.mine.owner, **options
                    )
                    answers.append(comparable(response, values))
                    if response.status_code < 400:
                        self.cross(operation, "id", f"takes the id of another: {response.status_code}")
                if answers[0] != answers[-1] and str(operation) not in NOTED:
                    self.cross(
                        operation, "id", f"tells another's id from none: {answers[1]} against {answers[0]}"
                    )

    async def foreign_filters(self) -> None:
        """Lists filtered by another's values are as those filtered by values that never were."""
        for operation in self.operations():
            if operation.method != "GET" or operation.is_stream or str(operation) in OPEN:
                continue
            parameters = self.parameters(operation, "query")
            values = await self.values(self.mine, operation)
            if values is None:
                continue
            path = filled(operation.path, values)
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
                asked = (theirs,) if is_known or not self.twins else (nothing_like(theirs), theirs)
                for value in asked:
                    params = {**given, name: value}
                    response = await self.send(way, operation, path, self.mine.owner, params=params)
                    answers.append(comparable(response, [value]))
                    if is_known and items_of(response) and theirs not in self.given:
                        self.cross(
                            operation, way, f"{name} finds rows by another's value: {response.text[:200]}"
                        )
                # What is written down when it is read grows between two answers.
                if answers[0] != answers[-1] and str(operation) not in NOTED:
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
            for p in self.parameters(operation, "query")
            if p.get("required")
        }
        page = await self.http.get(
            filled(operation.path, values), headers=self.theirs.owner, params={**required, "limit": 1}
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
        for value in (
            (nothing_like(own), self.theirs.ids[key], own) if self.twins else (self.theirs.ids[key],)
        ):
            body = self.put(operation, self.body(operation), place, value)
            response = await self.send(
                "body", operation, filled(operation.path, values), self.mine.owner, json=body
            )
            if is_loose and response.status_code < 400 and value == self.theirs.ids[key]:
                self.given.add(value)
            answers.append(comparable(response, [value]))
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

    async def defaults(self) -> None:
        """What becomes the default takes the place of one's own: `unchanged` sees whether another's gave way too."""
        for operation in self.operations():
            branches = self.document.branches(operation.schema or {})
            if operation.method == "POST" and any("is_default" in b.get("properties", {}) for b in branches):
                body = {**self.body(operation), "name": f"Default {new_id()}", "is_default": True}
                response = await self.send("default", operation, operation.path, self.mine.owner, json=body)
                if response.status_code != 201:
                    self.cross(
                        operation, "default", f"makes none: {response.status_code} {response.text[:200]}"
                    )

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
                response = await self.send(way, operation, filled(operation.path, values), who, **options)
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
            if not any(p.get("name") == "Idempotency-Key" for p in self.parameters(operation)):
                continue
            first = next((r for r in recorded_of(self.theirs.recorded, operation) if r.key), None)
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
            f"{name} is named in by_hand.py and not in the document"
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


def _mixtures(count: int) -> Iterator[set[int]]:
    for size in range(1, count + 1):
        for chosen in combinations(range(count), size):
            yield set(chosen)
