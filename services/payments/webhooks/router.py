"""The HTTP side of webhooks: open to anyone, believed only when signed."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request

from libs.common.errors import NotFound
from libs.common.http.deps import PlatformUow, public
from libs.common.http.problems import problems
from libs.common.schema import OutSchema
from services.payments.providers.base import InvalidSignature
from services.payments.webhooks.service import WebhookService

router = APIRouter(prefix="/payments/webhooks", tags=["payments"])


class Received(OutSchema):
    """That the webhook was taken."""

    received: bool


@router.post(
    "/{provider}/{account_id}",
    response_model=Received,
    dependencies=[public()],
    responses=problems(NotFound, InvalidSignature),
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {}}}}},
)
async def receive_webhook(provider: str, account_id: UUID, request: Request, uow: PlatformUow) -> Any:
    """Take a webhook of a payment provider: its signature is checked over the raw body."""
    await WebhookService(uow).receive(provider, account_id, dict(request.headers), await request.body())
    return {"received": True}
