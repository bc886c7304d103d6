"""Every operation that writes leaves an entry in the audit log, or says here why it need not."""

from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute

from deploy.e2e.reach import Reach, dependencies
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.http.deps import Uow
from libs.common.messaging import bus_admin
from libs.common.privacy.router import router as privacy_router
from libs.common.runtime.registry import NAMES, load
from libs.common.runtime.service import Service

WRITES = {"POST", "PUT", "PATCH", "DELETE"}
# Operations that leave no entry, each with the reason.
_READS = "reads, with a question too long for a query"
_MARKS = "what somebody has read or put away is for that person alone, and changes nothing for others"
_CART = "a cart is a shopper's note, changed with every click; the order made of it is written down"
SILENT: dict[str, str] = {
    "identity POST /internal/authenticate": _READS,
    "identity POST /internal/access/standing": _READS,
    "identity POST /internal/one-time-links/{link_id}/reveal": _READS,
    "identity POST /internal/registrations/{registration_id}/reveal": _READS,
    "identity POST /auth/session-management/extend": "keeps one's own session alive, as any request does",
    "identity POST /auth/oidc/links": "leaves for a provider; what comes of it is written down",
    "identity POST /auth/passkeys/login/options": "a challenge that lasts five minutes; the answer to it is written down",
    "identity POST /auth/passkeys/register/options": "a challenge that lasts five minutes; the answer to it is written down",
    "identity POST /invitations/show": _READS,
    "identity POST /internal/invitations/{invitation_id}/reveal": "the mail that the written-down invitation is sent with",
    "identity POST /internal/usage": "counts what an operation uses that is written down itself",
    "identity DELETE /internal/usage/{key}": "gives back what an operation that failed had counted",
    "crm POST /memos/{memo_id}/read": _MARKS,
    "crm POST /chat/threads/{thread_id}/read": _MARKS,
    "crm POST /chat/{message_id}/read": _MARKS,
    "crm POST /automation/rules/{rule_id}/dry-run": _READS,
    "catalog POST /internal/variants/lookup": _READS,
    "orders POST /carts": _CART,
    "orders PATCH /carts/{cart_id}": _CART,
    "orders PUT /carts/{cart_id}": _CART,
    "orders DELETE /carts/{cart_id}": _CART,
    "orders POST /carts/{cart_id}/items": _CART,
    "orders PATCH /carts/{cart_id}/items/{item_id}": _CART,
    "orders DELETE /carts/{cart_id}/items/{item_id}": _CART,
    "orders PUT /carts/{cart_id}/address": _CART,
    "orders PUT /carts/{cart_id}/shipping": _CART,
    "orders POST /carts/{cart_id}/claim": _CART,
    "orders POST /shipping/rates": _READS,
    "payments POST /payment-accounts/{account_id}/test": "asks the provider whether the credentials are good",
    "payments POST /payments/webhooks/{provider}/{account_id}": "kept as it came; what it brings about is written down",
    "payments POST /sandbox/pay/{checkout_id}": "the page of a provider that stands in where nobody pays",
    "notifications POST /notifications/read-all": _MARKS,
    "notifications POST /notifications/{notification_id}/read": _MARKS,
    "notifications POST /notifications/{notification_id}/archive": _MARKS,
    "notifications PUT /fcm/settings": "what a person wants to be told of is that person's alone",
    "notifications POST /fcm/register": "an app does it at each start, for the device that it runs on",
    "notifications DELETE /fcm/register/{token}": "an app does it at the sign-out, for the device that it runs on",
    "notifications POST /templates/{template_id}/preview": _READS,
    **{
        f"{name} POST /internal/privacy/parts": "reads; identity writes down who asked for it, and who fetched it"
        for name in NAMES
    },
}


def writes(service: Service) -> Iterator[tuple[str, APIRoute]]:
    """The operations of a service that write, by method and path."""
    for router in (*service.routers, bus_admin.router, privacy_router):
        for route in router.routes:
            if isinstance(route, APIRoute):
                for method in sorted(WRITES & route.methods):
                    yield f"{method} {route.path_format}", route


def is_recorded(service: Service, route: APIRoute) -> bool:
    """Whether the code of a route can reach something that records what was done."""
    reach = Reach({job.name: job.run for job in service.jobs})
    return reach.records(route.endpoint) or any(reach.records(call) for call in dependencies(route.dependant))


@pytest.fixture(params=NAMES)
def service(request: pytest.FixtureRequest) -> Service:
    """Each service in turn."""
    return load(request.param)


def test_every_write_leaves_an_entry_or_says_why_not(service: Service) -> None:
    silent = {name for name, route in writes(service) if not is_recorded(service, route)}
    known = {name.partition(" ")[2] for name in SILENT if name.startswith(f"{service.name} ")}

    assert silent - known == set(), "these write without an entry in the audit log: uow.audit(…), or SILENT"
    assert known - silent == set(), "these are in SILENT and leave an entry, or are gone"


def test_every_reason_says_something() -> None:
    assert all(len(reason) > 20 for reason in SILENT.values())


async def write_quietly(uow: Uow) -> None:
    """Write and tell nobody."""
    await uow.flush()


async def write_openly(uow: Uow) -> None:
    """Write and tell."""
    _tell(uow)


def _tell(uow: UnitOfWork) -> None:
    uow.audit("done", "thing", uow.tenant_id)


def test_a_write_that_tells_nobody_is_found() -> None:
    quiet, open_ = (APIRoute("/things", e, methods=["POST"]) for e in (write_quietly, write_openly))

    assert not is_recorded(load("crm"), quiet)
    assert is_recorded(load("crm"), open_)
