"""A client as real ones are: one key for one wish, tried again after 5xx, resets and time-outs, as Retry-After says."""

import asyncio
import random
import time
from dataclasses import dataclass
from typing import Any

import aiohttp

from deploy.e2e.proof.book import Book, Strange

REQUEST_SECONDS = 40.0
PATIENCE = 120.0
_AGAIN = frozenset({408, 425, 429, 502, 503, 504})
# What stands in the way is over in a moment.
_SOON_OVER = frozenset({"idempotency-in-progress", "subscription-behind"})


class GaveUp(Exception):
    """No final answer came in time: whether it happened is not known."""


@dataclass(frozen=True)
class Answer:
    """A final answer, header names in lower case; `tries` above 1 means that earlier tries may have happened as well."""

    status: int
    body: Any
    headers: dict[str, str]
    tries: int

    @property
    def slug(self) -> str:
        """The slug of a problem, or nothing."""
        return str(self.body.get("slug", "")) if isinstance(self.body, dict) else ""


class Client:
    """Talks to the gateway for everybody; each caller brings its own headers and its own randomness."""

    def __init__(self, url: str, book: Book, *, strict: bool = False) -> None:
        self.url = url
        self.book = book
        self._strict = strict
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        # The library repeats some requests on its own; here every try is counted.
        self._session._retry_connection = False

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def call(
        self,
        method: str,
        path: str,
        *,
        who: dict[str, str] | None = None,
        json: Any = None,
        params: dict[str, str] | None = None,
        key: str | None = None,
        expect: tuple[int, ...] = (200, 201, 204),
        patience: float = PATIENCE,
        chance: random.Random | None = None,
    ) -> Answer:
        """One wish, tried until it is answered for good.

        Raises:
            GaveUp: nothing final came within `patience` seconds.
        """
        headers = {**(who or {}), **({"Idempotency-Key": key} if key else {})}
        url = path if path.startswith("http") else f"{self.url}/api/v1{path}"
        until = time.monotonic() + patience
        spread = chance or random.Random()
        tries = 0
        while True:
            tries += 1
            answer, wait, why = await self._try(method, url, headers, json, params, tries)
            if answer is not None:
                if answer.status not in expect and answer.status not in _AGAIN:
                    text = str(answer.body)[:300]
                    self.book.strange.append(Strange(method, _shape(url), answer.status, text))
                return answer
            if self._strict:
                self.book.failed[f"{method} {_shape(url)} ({why})"] += 1
            pause = max(wait, min(4.0, 0.2 * 2 ** min(tries, 5))) * (0.5 + spread.random())
            if time.monotonic() + pause > until:
                self.book.gave_up[f"{method} {_shape(url)}"] += 1
                raise GaveUp(f"{method} {url}")
            await asyncio.sleep(pause)

    async def all(
        self, path: str, who: dict[str, str], params: dict[str, str] | None = None
    ) -> list[dict[str, Any]]:
        """Every row of a list, page by page."""
        rows: list[dict[str, Any]] = []
        cursor = None
        while True:
            query = {"limit": "100", **(params or {}), **({"cursor": cursor} if cursor else {})}
            page = (await self.call("GET", path, who=who, params=query, expect=(200,))).body
            rows += page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return rows

    async def _try(
        self, method: str, url: str, headers: dict[str, str], json: Any, params: Any, tries: int
    ) -> tuple[Answer | None, float, str]:
        """The answer if it is final, or else how many seconds to wait as it says, and what came instead of one."""
        started = time.monotonic()
        try:
            async with self._session.request(
                method, url, headers=headers, json=json, params=params, allow_redirects=False
            ) as response:
                raw = await response.read()
                body: Any = None
                if "json" in response.headers.get("content-type", "") and raw:
                    body = await response.json(content_type=None)
                status = response.status
                told = {name.lower(): value for name, value in response.headers.items()}
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            kind = "time-out" if isinstance(error, TimeoutError) else "broken"
            self.book.answered(kind, time.monotonic() - started, _shape(url))
            self.book.retries[kind] += 1
            return None, 0.0, f"{kind}: {type(error).__name__}"
        self.book.answered(str(status), time.monotonic() - started, _shape(url))
        answer = Answer(status, body, told, tries)
        # Whatever goes wrong behind it, the gateway says so in a problem document.
        if status == 500 or (status > 500 and answer.slug == ""):
            self.book.strange.append(Strange(method, _shape(url), status, str(body)[:300]))
        elif status not in _AGAIN and not (status == 409 and answer.slug in _SOON_OVER):
            return answer, 0.0, ""
        self.book.retries[str(status)] += 1
        if status in (429, 503) and "retry-after" not in told:
            self.book.without_retry_after[f"{method} {_shape(url)}"] += 1
        return None, _seconds(told.get("retry-after")), f"{status} {answer.slug}".strip()


def _seconds(value: str | None) -> float:
    return min(float(value), 10.0) if value and value.isdigit() else 0.0


def _shape(url: str) -> str:
    """A path with what varies left out, for counting."""
    path = "/" + url.split("?")[0].split("/", 3)[-1]
    return "/".join(
        "…" if len(part) > 20 or any(c.isdigit() for c in part[2:]) else part for part in path.split("/")
    )
