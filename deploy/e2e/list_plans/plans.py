"""What a page may read, and what a plan reads."""

from typing import Any

LIMIT = 10
# A page of ten may read so many rows of a table: a search looks at 600, a rare value in another order at some hundreds.
MOST_ROWS = 1300
MOST_BUFFERS = 4500


def judge(explained: list[dict[str, Any]]) -> list[str]:
    """What reads more than a page may: whole tables, many rows, many buffers."""
    plan = explained[0]["Plan"]
    read: dict[str, float] = {}
    found = []
    stack = [plan]
    while stack:
        node = stack.pop()
        if node["Node Type"] == "BitmapAnd":
            # Entries of indexes, a hundred to a buffer: what both have is read of the table, and counted there.
            continue
        stack += node.get("Plans", [])
        name = node.get("Relation Name") or node.get("Index Name")
        if name is None:
            continue
        loops = node["Actual Loops"]
        rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
        rows = (rows + node.get("Rows Removed by Index Recheck", 0)) * loops
        read[name] = read.get(name, 0) + rows
        if node["Node Type"] == "Seq Scan" and rows > LIMIT * 10:
            found.append(f"reads all of {name}")
    found += [f"reads {rows:.0f} rows of {name}" for name, rows in read.items() if rows > MOST_ROWS]
    buffers = plan.get("Shared Hit Blocks", 0) + plan.get("Shared Read Blocks", 0)
    if buffers > MOST_BUFFERS:
        found.append(f"touches {buffers} buffers")
    return found
