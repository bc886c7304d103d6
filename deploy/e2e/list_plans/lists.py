"""Calls lists, keeps the statements that they send, and has the database explain them."""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import event

from deploy.e2e.list_plans.endpoints import Endpoint
from deploy.e2e.list_plans.plans import LIMIT, judge
from deploy.e2e.list_plans.values import ME
from libs.common.actor import OPERATOR_TENANT_ID, Actor
from libs.common.db.engine import SCOPE
from libs.common.db.repository import PLAN_FOR_THESE_VALUES
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.registry import load
from libs.common.settings import CommonSettings
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.rows import row_id


@dataclass
class Sent:
    """A statement that an endpoint sent, with its parameters, its scope, and whether it is planned every time."""

    sql: str
    parameters: Any
    tenant_id: UUID | None
    is_platform: bool
    is_custom: bool


class Lists:
    """Calls lists in-process, keeps what they send, and explains it."""

    def __init__(self, settings: CommonSettings, admin: psycopg.Connection[Any]) -> None:
        self.settings = settings
        self.admin = admin
        self.clients: dict[str, Client] = {}
        self.connections: dict[str, psycopg.Connection[Any]] = {}
        self.sent: list[Sent] = []
        self._custom = False
        self.seen: set[str] = set()
        # Who calls, with which headers; somebody who may see all rows of the business unless a test says otherwise.
        self.caller: tuple[Actor | None, dict[str, str]] = (None, {})

    def client(self, name: str) -> Client:
        """A client of a service whose statements are kept."""
        if name not in self.clients:
            context = ServiceContext(load(name), self.settings)
            event.listen(context.engine.sync_engine, "before_cursor_execute", self._keep)
            self.clients[name] = Client(context, user(OPERATOR_TENANT_ID, user_id=ME))
            url = self.settings.service_database_url(name)
            self.connections[name] = psycopg.connect(re.sub(r"\+\w+", "", url), autocommit=False)
        return self.clients[name]

    async def close(self) -> None:
        """Close what was opened."""
        for client in self.clients.values():
            await client.context.upstreams.close()
            await client.context.close()
        for connection in self.connections.values():
            connection.close()

    def _keep(self, connection: Any, _: Any, sql: str, parameters: Any, execution: Any, __: bool) -> None:
        if "plan_cache_mode" in sql:
            self._custom = True
            return
        if connection is None:
            scope = execution.scope
        else:
            scope = execution.execution_options.get(SCOPE) or connection.get_execution_options()[SCOPE]
        self.sent.append(Sent(sql, parameters, scope.tenant_id, scope.is_platform, self._custom))

    async def get(self, endpoint: Endpoint, **parameters: Any) -> tuple[dict[str, Any], list[Sent]]:
        """The page and what was sent for it."""
        self.sent, self._custom = [], False
        path = endpoint.path
        for name in re.findall(r"{(\w+)}", path):
            path = path.replace(f"{{{name}}}", str(self.named(endpoint, name)))
        client, (actor, headers) = self.client(endpoint.service), self.caller
        client = client if actor is None else client.acting(actor)
        response = await client.get(path, params={"limit": LIMIT, **parameters}, headers=headers)
        assert response.status_code == 200, (str(endpoint), parameters, response.text[:500])
        return response.json(), self.sent

    def named(self, endpoint: Endpoint, name: str) -> Any:
        """The id that a path needs: of a row that has what the list shows."""
        if name == "tenant_id" or "tenants" in endpoint.path:
            return OPERATOR_TENANT_ID
        return self.admin.execute(f"SELECT {row_id('8')}").fetchone()[0]  # type: ignore[index]

    def problems(self, service: str, sent: Sent) -> list[str]:
        """What is wrong with the plans of a statement, once as planned for its values, once as prepared."""
        key = sent.sql + repr(sent.parameters)
        if not sent.sql.lstrip().upper().startswith(("SELECT", "WITH")) or key in self.seen:
            return []
        self.seen.add(key)
        connection = self.connections[service]
        found = []
        try:
            scope = (str(sent.tenant_id or ""), "platform" if sent.is_platform else "")
            connection.execute(
                "SELECT set_config('app.tenant_id', %s, true), set_config('app.scope', %s, true)", scope
            )
            explain = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "
            if sent.is_custom:
                connection.execute(PLAN_FOR_THESE_VALUES.text)
            if sent.is_platform:
                # Over all businesses the planner takes the policy for a filter that few rows pass, and reads a table
                # as small as these; so what is asked is whether some index gives the rows.
                connection.execute("SET LOCAL enable_seqscan = off")
                plan = judge(connection.execute(explain + sent.sql, sent.parameters).fetchone()[0])  # type: ignore[index]
                connection.execute("SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")
                in_order = judge(connection.execute(explain + sent.sql, sent.parameters).fetchone()[0])  # type: ignore[index]
                return plan and in_order
            found += judge(connection.execute(explain + sent.sql, sent.parameters).fetchone()[0])  # type: ignore[index]
            if not sent.is_custom:
                found += [f"prepared: {problem}" for problem in self._prepared(connection, explain, sent)]
        finally:
            connection.rollback()
        return found

    def _prepared(self, connection: psycopg.Connection[Any], explain: str, sent: Sent) -> list[str]:
        names = list(sent.parameters or {})
        sql = re.sub(r"%\((\w+)\)s", lambda m: f"${names.index(m[1]) + 1}", sent.sql).replace("%%", "%")
        connection.execute(f"PREPARE page AS {sql}")
        try:
            values = ", ".join(["%s"] * len(names))
            execute = f"EXECUTE page({values})" if names else "EXECUTE page"
            arguments = [sent.parameters[name] for name in names]
            cursor = psycopg.ClientCursor(connection)
            # The server plans five times for the values, and then may keep a plan for any values.
            for _ in range(5):
                cursor.execute("EXPLAIN " + execute, arguments)
            return judge(cursor.execute(explain + execute, arguments).fetchone()[0])  # type: ignore[index]
        finally:
            if not connection.broken and connection.info.transaction_status.name != "INERROR":
                connection.execute("DEALLOCATE page")
