"""Files for spreadsheet programs hold no formula, whatever people named their goods."""

import csv
import io

import pytest

from deploy.e2e.conftest import Suite
from deploy.e2e.hostile.bodies import FORMULA
from deploy.e2e.hostile.conftest import Spoofed
from libs.common.testing.eventually import eventually

pytestmark = pytest.mark.xdist_group("hostile shops")

# With a name that a client gave in it, or with figures and times alone.
EXPORTS = {
    "/api/v1/analytics/sales/report": False,
    "/api/v1/analytics/top-products": True,
    "/api/v1/audit-log/export": False,
    "/api/v1/insight-analytics/sales-metrics": False,
}
STARTS = tuple("=+-@\t\r\n＝＋－＠")


async def test_no_cell_of_any_export_is_a_formula(suite: Suite, spoofed: Spoofed) -> None:
    async with suite.client(**spoofed.story.owner) as client:
        paths = (await client.get("/schema")).json()["paths"]
        found = {
            path
            for path, item in paths.items()
            for answer in item.get("get", {}).get("responses", {}).values()
            if "text/csv" in answer.get("content", {})
        }
        assert found == set(EXPORTS), "say of the new export here whether it holds a name"

        async def rows(path: str) -> list[list[str]]:
            answer = await client.get(f"{suite.url}{path}", params={"format": "csv"})
            assert answer.headers["content-type"] == "text/csv; charset=utf-8"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["content-disposition"].startswith("attachment;")
            return list(csv.reader(io.StringIO(answer.text)))[1:]

        for path, has_name in EXPORTS.items():
            cells = [cell for row in await eventually(lambda path=path: rows(path), 30) for cell in row]
            assert any(cell.startswith(f"'{FORMULA}") for cell in cells) == has_name
            assert not [cell for cell in cells if cell.startswith(STARTS)]
