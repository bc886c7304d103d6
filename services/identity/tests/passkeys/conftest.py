"""A device in software, and the two ceremonies over HTTP."""

from typing import Any
from uuid import UUID

import pytest

from libs.common.runtime.context import ServiceContext
from libs.common.testing.authenticator import Authenticator
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.contracts.audit import CHANGE_RECORDED

ORIGIN = "http://127.0.0.1:8000"


@pytest.fixture
def device() -> Authenticator:
    """A device with a browser on it."""
    return Authenticator(ORIGIN)


async def registered(me: Client, device: Authenticator, **fields: Any) -> dict[str, Any]:
    """A passkey that a device has made."""
    options = await me.post("/auth/passkeys/register/options")
    assert options.status_code == 200, options.text
    made = await me.post(
        "/auth/passkeys/register/verify", json={"credential": device.create(options.json()), **fields}
    )
    assert made.status_code == 201, made.text
    return dict(made.json())


async def asked(platform: Any, email: str | None = None, **headers: str) -> dict[str, Any]:
    """Options for signing in."""
    answer = await platform.post("/auth/passkeys/login/options", {"email": email} if email else {}, **headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def shown(platform: Any, credential: dict[str, Any], **fields: Any) -> Any:
    """The answer to a credential."""
    return await platform.post("/auth/passkeys/login/verify", {"credential": credential, **fields})


def problem(response: Any) -> tuple[int, str]:
    """Status and slug."""
    return response.status_code, response.json().get("slug")


async def records(context: ServiceContext, tenant_id: UUID, action: str) -> list[dict[str, Any]]:
    """The audit records of an action."""
    found = await emitted(context, tenant_id, CHANGE_RECORDED["identity"])
    return [e.data for e in found if e.data["action"] == action]
