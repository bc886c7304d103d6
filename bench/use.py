"""Real use of a whole suite, so that afterwards its processes hold what use leaves with them: the story, each operation
of the merged API document, and the ways to sign in."""

import asyncio
import json
import re
import time
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
from rich.console import Console

from bench.shop import ADMIN, Builder, Shop
from libs.common.runtime.registry import load_story
from libs.common.testing.authenticator import Authenticator

_DOCUMENT_SECONDS = 120
_METHODS = ("get", "post", "put", "patch", "delete")
# What these do without a body is to end the session that the others are tried with.
_ENDS_SESSIONS = re.compile(r"/auth/logout|/sessions")
_PARAMETER = re.compile(r"\{(\w+)\}")
# No model of ours takes it, so the body is validated, and nothing is done.
_REFUSED = {"no such field": 1}


class NotServed(Exception):
    """A request of the use was answered with a server's error."""


def use(url: str, *, rounds: int = 2) -> int:
    """Use everything so often; how many requests that were, those of the story left out.

    Raises:
        NotServed: the story failed, or a request did.
    """
    sent = 0
    for _ in range(rounds):
        if not asyncio.run(_told(url)):
            raise NotServed("the story was not told to its end")
        builder = Builder(url)
        with httpx.Client(base_url=url, timeout=60) as http:
            user = _User(http, builder, builder.open())
            user.read_and_write()
            user.sign_in_and_out()
            sent += user.sent
    return sent


async def _told(url: str) -> bool:
    return await load_story()(url, Console(quiet=True))


class _User:
    """The owner of a shop who tries everything."""

    def __init__(self, http: httpx.Client, builder: Builder, shop: Shop) -> None:
        self.sent = 0
        self._http = http
        self._builder = builder
        self._shop = shop
        self._owner = {"Authorization": f"Bearer {shop.owner_token}", "X-Company-Id": shop.tenant_id}
        self._staff = {"Authorization": f"Bearer {builder.sign_in(**ADMIN)}"}
        self._document = self._whole_document()
        self._ids: dict[str, str] = {}

    def _whole_document(self) -> dict[str, Any]:
        until = time.monotonic() + _DOCUMENT_SECONDS
        while time.monotonic() < until:
            answer = self._http.get("/api/v1/schema").raise_for_status()
            if "X-Incomplete" not in answer.headers:
                document: dict[str, Any] = answer.json()
                return document
            time.sleep(0.5)
        raise NotServed("the API document does not become whole")

    def read_and_write(self) -> None:
        """Ask for everything that can be read, as the owner and as the staff; try to write, and be refused."""
        reads = [path for method, path, _ in self._operations() if method == "get"]
        for path in sorted(reads, key=lambda path: path.count("{")):
            for who in (self._owner, self._staff):
                self._look(path, who)
        for method, path, operation in self._operations():
            if method != "get" and not _ENDS_SESSIONS.search(path):
                body = _REFUSED if "requestBody" in operation else None
                filled = _PARAMETER.sub(lambda _: str(uuid.uuid4()), path)
                self._send(method, filled, self._owner, json=body)

    def sign_in_and_out(self) -> None:
        """Sign in rightly and wrongly, by password and by passkey; begin to recover an account."""
        shop = self._shop
        for number in range(10):
            wrong = {"email": shop.owner_email, "password": f"wrong {number}"}
            self._send("post", "/api/v1/auth/login", {}, json=wrong)
            self._builder.sign_in(shop.owner_email, shop.owner_password)
            self._send("post", "/api/v1/auth/password/forgot", {}, json={"email": shop.owner_email})
        device = Authenticator(str(self._http.base_url).rstrip("/"))
        options = self._send("post", "/api/v1/auth/passkeys/register/options", self._owner).json()
        passkey = {"name": "Phone", "credential": device.create(options)}
        self._send("post", "/api/v1/auth/passkeys/register/verify", self._owner, json=passkey)

    def _operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for path, operations in self._document["paths"].items():
            for method, operation in operations.items():
                if method in _METHODS and "text/event-stream" not in json.dumps(operation.get("responses")):
                    yield method, path, operation

    def _look(self, path: str, who: dict[str, str]) -> None:
        filled = _PARAMETER.sub(lambda found: self._ids.get(found[1]) or str(uuid.uuid4()), path)
        answer = self._send("get", filled, who)
        listed = answer.json() if "json" in answer.headers.get("content-type", "") else None
        items = listed.get("items") if isinstance(listed, dict) else None
        if items and isinstance(items[0], dict) and "id" in items[0]:
            for below in self._document["paths"]:
                if (found := _PARAMETER.fullmatch(below.removeprefix(f"{path}/"))) is not None:
                    self._ids.setdefault(found[1], items[0]["id"])

    def _send(self, method: str, path: str, who: dict[str, str], **options: Any) -> httpx.Response:
        headers = {**who, "Idempotency-Key": str(uuid.uuid4())}
        answer = self._http.request(method, path, headers=headers, **options)
        self.sent += 1
        if answer.status_code >= 500:
            raise NotServed(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer
