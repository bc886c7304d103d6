"""Reports as CSV files."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from fastapi.responses import Response

from libs.common.csv_cells import cell

# What the API document says of a report that can be had as a file.
AS_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}


def csv_response(name: str, columns: Sequence[str], rows: Iterable[Any], currency: str) -> Response:
    """A file with one line per row; amounts are minor units of the currency that stands at its end."""
    output = io.StringIO()
    writer = csv.writer(output)
    writer.writerow([*columns, "currency"])
    for row in rows:
        writer.writerow([*(cell(getattr(row, column)) for column in columns), currency])
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(output.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)
