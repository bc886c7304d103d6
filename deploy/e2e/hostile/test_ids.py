"""Malformed and unknown ids in paths are refused and change nothing."""

from itertools import count

import httpx

from deploy.e2e.conftest import Shop, Suite
from deploy.e2e.hostile.bodies import (
    JSON,
    Document,
)
from deploy.e2e.hostile.problems import LEFT_OUT, NOBODY, all_holds, is_problem, patiently, possessions
from libs.common.testing.eventually import eventually

IDS = (
    "x",
    "0",
    "-1",
    "null",
    "%00",
    "%ff",
    "%2e%2e",
    "a%2Fb",
    "%252e%252e",
    "a%5Cb",
    ";x",
    "%F0%9F%9A%80",
    "'%20OR%201=1--",
    NOBODY[:-1],
    "A" * 5000,
    "A" * 9000,
    NOBODY,
)


async def test_malformed_and_unknown_ids_are_refused(
    suite: Suite, besieged: Shop, document: Document
) -> None:
    await eventually(lambda: all_holds(suite), 30)
    before = await possessions(suite, besieged.company)
    failures = []
    turn = count()
    base = httpx.URL(suite.url)
    async with httpx.AsyncClient(timeout=30) as client:
        for template, item in document.document["paths"].items():
            if "{" not in template or LEFT_OUT.search(template) or template.endswith("{category}"):
                continue
            for method in sorted({"get", "post", "put", "patch", "delete"} & set(item)):
                number = next(turn)
                value = IDS[number % len(IDS)]
                raw = "/".join(value if part.startswith("{") else part for part in template.split("/"))
                response = await patiently(
                    client,
                    method.upper(),
                    base.copy_with(raw_path=raw.encode()),
                    headers={**besieged.owner, "Idempotency-Key": f"id-{number}", **JSON},
                    content=b"{}" if method in ("post", "put", "patch") else b"",
                )
                # A device that is not known is forgotten already.
                forgotten = response.status_code == 204 and "/fcm/" in template
                if not is_problem(response) and not forgotten:
                    failures.append(f"{method} {template} {value[:20]}: {response.status_code}")
    assert not failures, "\n".join(failures[:40])
    assert await possessions(suite, besieged.company) == before
