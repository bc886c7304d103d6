"""Every operation of the merged API document, tried by schemathesis: no 5xx, nothing undocumented, nothing wrong taken."""

import asyncio
import re

import httpx
import pytest

from deploy.e2e.conftest import Suite
from deploy.e2e.hostile.schema import attack, is_signed_in, personas

SEED = 20_260
# Examples for each operation, and how many answers must have been good ones for the run to mean something.
NOBODY = "0198c0de-0000-7000-8000-000000000000"
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
EXAMPLES = {"owner": (2, 60), "staff": (1, 20), "client": (1, 15), "nobody": (1, 5)}


@pytest.mark.parametrize("caller", EXAMPLES)
async def test_no_operation_breaks_its_own_document(suite: Suite, caller: str) -> None:
    examples, least_good = EXAMPLES[caller]
    async with httpx.AsyncClient(base_url=suite.url, timeout=60) as http:
        headers = (await personas(http))[caller]
        document = (await http.get("/api/v1/schema")).json()
        outcome = await asyncio.to_thread(attack, document, suite.url, headers, seed=SEED, examples=examples)
        assert await is_signed_in(http, headers)
    assert not outcome.errors, "\n".join(outcome.errors)
    assert not outcome.findings, "\n".join(map(str, outcome.findings.values()))
    assert len(outcome.operations) > 280
    assert sum(n for status, n in outcome.statuses.items() if 200 <= status < 300) > least_good


async def test_an_undocumented_method_is_405_and_allow_names_the_documented_ones(suite: Suite) -> None:
    failures = []
    async with httpx.AsyncClient(base_url=suite.url, timeout=60) as http:
        paths = (await http.get("/api/v1/schema")).json()["paths"]
        for number, (template, item) in enumerate(paths.items()):
            documented = {name.upper() for name in item} & METHODS
            wanted = documented | {"OPTIONS"} | ({"HEAD"} if "GET" in documented else set())
            path = re.sub(r"\{[^}]*\}", NOBODY, template)
            # `/things/export` fits `/things/{id}` too, which may take more.
            fitting = {m.upper() for t, i in paths.items() if _pattern(t).fullmatch(path) for m in i}
            others = sorted((METHODS | {"TRACE"}) - fitting)
            for method, status in ((others[number % len(others)], 405), ("OPTIONS", 204)):
                answer = await http.request(method, path)
                allow = {name.strip() for name in answer.headers.get("allow", "").split(",")}
                if (answer.status_code, allow) != (status, wanted):
                    failures.append(f"{method} {path}: {answer.status_code} {allow} for {wanted}")
    assert not failures, "\n".join(failures[:40])


async def test_a_path_that_is_written_out_takes_no_method_of_a_pattern_that_fits_it(
    suite: Suite, staff: dict[str, str]
) -> None:
    tried, failures = 0, []
    async with httpx.AsyncClient(base_url=suite.url, headers=staff, timeout=60) as http:
        paths = (await http.get("/api/v1/schema")).json()["paths"]
        for path, item in paths.items():
            fitting = {m for t, i in paths.items() if _pattern(t).fullmatch(path) for m in i if t != path}
            for method in sorted({name.upper() for name in fitting - set(item)} & METHODS):
                answer = await http.request(method, path)
                tried += 1
                allow = {name.strip() for name in answer.headers.get("allow", "").split(",")}
                if answer.status_code != 405 or method in allow:
                    failures.append(f"{method} {path}: {answer.status_code} {allow}")
    assert tried > 10
    assert not failures, "\n".join(failures)


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(template)))
