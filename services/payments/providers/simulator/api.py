"""The simulator's interface for merchants: JSON over HTTP with a bearer key and idempotency keys."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from libs.common.runtime.context import ServiceContext
from services.payments.payment_accounts.credentials import open_credentials
from services.payments.payment_accounts.models import PaymentAccount
from services.payments.payment_accounts.repository import PaymentAccountRepository
from services.payments.providers.sandbox import same_key
from services.payments.providers.simulator.service import Refusal, SimulatorService

Action = Callable[[SimulatorService, PaymentAccount, Request, Any], Awaitable[dict[str, Any]]]


def simulator_api(context: ServiceContext) -> Starlette:
    """The interface as an ASGI app. Every call is one transaction of the simulator's own, in the tenant of its account."""

    def endpoint(action: Action, status: int = 200) -> Callable[[Request], Awaitable[Response]]:
        async def respond(request: Request) -> Response:
            try:
                body = orjson.loads(await request.body() or b"{}")
                account = await _authenticate(context, request)
                async with context.unit_of_work(tenant_id=account.tenant_id) as uow:
                    answer = await action(SimulatorService(uow), account, request, body)
            except Refusal as refusal:
                return _json({"description": refusal.description}, refusal.status)
            except orjson.JSONDecodeError:
                return _json({"description": "the body is not JSON"}, 400)
            return _json(answer, status)

        return respond

    return Starlette(
        routes=[
            Route("/v1/merchant", endpoint(_merchant)),
            Route("/v1/checkouts", endpoint(_open, 201), methods=["POST"]),
            Route("/v1/checkouts/{code}", endpoint(_read)),
            Route("/v1/checkouts/{code}/refunds", endpoint(_refund, 201), methods=["POST"]),
        ]
    )


async def _authenticate(context: ServiceContext, request: Request) -> PaymentAccount:
    try:
        account_id = UUID(request.headers.get("x-account", ""))
    except ValueError:
        raise Refusal(401, "name the account") from None
    async with context.unit_of_work(platform=True) as uow:
        account = await PaymentAccountRepository(uow).of_anyone(account_id)
    if account is not None and account.provider != "sandbox":
        account = None
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    known = open_credentials(context.keyring, account)["secret_key"] if account else ""
    if account is None or scheme != "Bearer" or not same_key(key, known):
        raise Refusal(401, "the key is missing or wrong")
    return account


def _key(request: Request) -> str:
    key = request.headers.get("idempotency-key")
    if not key:
        raise Refusal(400, "an idempotency key is required")
    return key


async def _merchant(_: SimulatorService, account: PaymentAccount, __: Request, ___: Any) -> dict[str, Any]:
    return {"id": str(account.id), "mode": "test"}


async def _open(
    service: SimulatorService, account: PaymentAccount, request: Request, body: Any
) -> dict[str, Any]:
    return await service.open(account, _key(request), body)


async def _read(
    service: SimulatorService, account: PaymentAccount, request: Request, _: Any
) -> dict[str, Any]:
    return await service.read(account.id, request.path_params["code"])


async def _refund(
    service: SimulatorService, account: PaymentAccount, request: Request, body: Any
) -> dict[str, Any]:
    return await service.refund(account.id, request.path_params["code"], _key(request), body)


def _json(body: dict[str, Any], status: int) -> Response:
    return Response(orjson.dumps(body), status_code=status, media_type="application/json")
