"""The HTTP side of the payment page: open to anyone who holds its address, which nobody can guess."""

from typing import Any

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from libs.common.errors import BadRequest, NotFound, UnsupportedMediaType, ValidationFailed
from libs.common.http.deps import PlatformUow, public
from libs.common.http.problems import problems
from services.payments.providers.simulator.page import payment_page, return_address
from services.payments.providers.simulator.service import OUTCOMES, SimulatorService

FORM = "application/x-www-form-urlencoded"
MAX_FIELDS = 8
MAX_FIELD_BYTES = 1024

router = APIRouter(prefix="/sandbox", tags=["sandbox"], dependencies=[public()])

_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {
                "schema": {
                    "type": "object",
                    "required": ["outcome"],
                    "properties": {"outcome": {"type": "string", "enum": list(OUTCOMES)}},
                }
            }
            for kind in (FORM, "application/json")
        },
    }
}


_BACK: dict[int | str, dict[str, Any]] = {303: {"description": "Back to the page, after a form"}}


@router.get("/pay/{checkout_id}", responses=problems(NotFound), response_class=Response)
async def show_payment_page(checkout_id: str, uow: PlatformUow) -> Response:
    """The payment page, or what became of the payment."""
    return payment_page(await SimulatorService(uow).show(checkout_id))


@router.post(
    "/pay/{checkout_id}",
    responses=problems(NotFound, UnsupportedMediaType, ValidationFailed) | _BACK,
    response_class=Response,
    openapi_extra=_BODY,
)
async def decide_payment(checkout_id: str, request: Request, uow: PlatformUow) -> Response:
    """Pay, fail or cancel; a decided payment stays as it is. A form is sent back to the page, JSON gets JSON."""
    is_json = request.headers.get("content-type", "").startswith("application/json")
    outcome = await _outcome(request, is_json)
    checkout = await SimulatorService(uow).decide(checkout_id, outcome)
    if is_json:
        answer = {
            "status": checkout.status,
            "return_url": return_address(checkout),
            "payment_id": checkout.reference,
        }
        return Response(orjson.dumps(answer), media_type="application/json")
    # A relative address of the query alone leads back to this page, whatever prefix it is served under.
    return RedirectResponse(f"?result={checkout.status}", status_code=303)


async def _outcome(request: Request, is_json: bool) -> str:
    if is_json:
        try:
            body: Any = orjson.loads(await request.body())
        except orjson.JSONDecodeError:
            raise BadRequest("The body is not valid JSON.") from None
        outcome = body.get("outcome") if isinstance(body, dict) else None
    else:
        # A reader of more kinds of forms would only be more that can be made to cost.
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
            raise UnsupportedMediaType(f"Send {FORM} or application/json.")
        async with request.form(max_files=0, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES) as form:
            outcome = form.get("outcome")
    if not isinstance(outcome, str) or outcome not in OUTCOMES:
        raise ValidationFailed(f"outcome must be one of {', '.join(OUTCOMES)}.")
    return outcome
