"""Is it up: this process, and everything behind it."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from gateway.cache import SingleFlightCache
from gateway.exchange import Exchange
from gateway.headers import is_in
from gateway.metrics import Metrics
from gateway.operations.operation import Operation
from gateway.responses import Answer, json_answer
from gateway.settings import GatewaySettings
from libs.common.actor import system_actor
from libs.common.clock import Clock
from libs.common.errors import AppError, NotFound
from libs.common.runtime.upstreams import Upstreams

_CHECK_SECONDS = 3.0
# However often probes ask, the services are asked once a second, and more often where one is not well.
_KEEP_SECONDS = 1.0
_KEEP_BAD_SECONDS = 0.2

_REPORT_SCHEMA = {
    "type": "object",
    "required": ["status", "services"],
    "properties": {
        "status": {"type": "string", "enum": ["ok", "degraded"]},
        "services": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["status", "ms"],
                "properties": {
                    "status": {"type": "string", "enum": ["ready", "not ready", "unreachable"]},
                    "ms": {"type": "number", "description": "Time the answer took, in milliseconds"},
                    "parts": {
                        "type": "object",
                        "description": "Database, broker, providers: `{ok, error?}` each",
                    },
                },
            },
        },
    },
}

Report = dict[str, dict[str, Any]]


class Health:
    """Asks every service whether it is ready."""

    def __init__(
        self, settings: GatewaySettings, upstreams: Upstreams, clock: Clock, metrics: Metrics
    ) -> None:
        self._settings = settings
        self._upstreams = upstreams
        self._clock = clock
        self._metrics = metrics
        self._reports: SingleFlightCache[str, Report] = SingleFlightCache(1)

    def operations(self) -> list[Operation]:
        """What is answered here."""
        return [
            Operation("GET", "/healthz", self.healthz, at_root=True, is_exempt=True),
            Operation("GET", "/readyz", self.readyz, at_root=True, is_exempt=True),
            Operation("GET", "/metrics", self.metrics, at_root=True, is_exempt=True),
            Operation(
                "GET",
                "/admin/health",
                self.admin_health,
                id="gateway_get_health",
                tag="gateway: administration",
                summary="The health of all services and their parts",
                permission="gateway.health.read",
                response=_REPORT_SCHEMA,
            ),
        ]

    async def healthz(self, _: Exchange, __: Mapping[str, str]) -> Answer:
        """This process answers."""
        return json_answer({"status": "ok"})

    async def readyz(self, _: Exchange, __: Mapping[str, str]) -> Answer:
        """Every service can do its work, or which cannot."""
        report = await self.report()
        waiting = [name for name, state in report.items() if state["status"] != "ready"]
        body = {"status": "not ready" if waiting or not report else "ready", "not_ready": waiting}
        return json_answer(body, 200 if report and not waiting else 503)

    async def metrics(self, exchange: Exchange, _: Mapping[str, str]) -> Answer:
        """Prometheus metrics, for the networks that may read them."""
        if exchange.client and not is_in(exchange.client, self._settings.metrics_networks):
            raise NotFound("There is nothing at this path.")
        return Answer(200, self._metrics.render(), self._metrics.content_type)

    async def admin_health(self, _: Exchange, __: Mapping[str, str]) -> Answer:
        """The report with all parts."""
        report = await self.report()
        return json_answer({"status": "ok" if _is_well(report) else "degraded", "services": report})

    async def report(self) -> Report:
        """The state of every service, at most a second old, and less where one is not well."""
        known = self._reports.get("", self._now())
        if known is None:
            known = await self._reports.make("", self._life, self._ask_all)
        return known

    def _life(self, report: Report) -> tuple[float, float]:
        now = self._now()
        return now, now + (_KEEP_SECONDS if _is_well(report) else _KEEP_BAD_SECONDS)

    async def _ask_all(self) -> Report:
        names = self._upstreams.names
        return dict(zip(names, await asyncio.gather(*map(self._ask, names)), strict=True))

    async def _ask(self, service: str) -> dict[str, Any]:
        started = time.perf_counter()
        state: dict[str, Any]
        try:
            response = await self._upstreams.request(
                service, "GET", "/readyz", actor=system_actor("gateway"), timeout=_CHECK_SECONDS
            )
            body = response.json()
            is_ready = response.status_code == 200
            state = {"status": "ready" if is_ready else "not ready", "parts": body.get("parts", {})}
        except AppError as error:
            state = {"status": "unreachable", "detail": error.detail}
        except (ValueError, AttributeError):
            state = {"status": "not ready", "detail": "The readiness check did not answer in JSON."}
        return {**state, "ms": round((time.perf_counter() - started) * 1000, 1)}

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _is_well(report: Report) -> bool:
    return bool(report) and all(
        state["status"] == "ready" and all(part.get("ok") for part in state["parts"].values())
        for state in report.values()
    )
