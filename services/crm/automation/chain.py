"""How deep a chain of runs is: events that a run causes bear it in their correlation id, `<story>~<depth>`.

Whatever follows of such an event, in whichever service, keeps the id; so a rule that starts itself by way of others is
told from one that is started anew.
"""

import re

_MARKED = re.compile(r"(.*)~(\d{1,4})", re.DOTALL)


def read(correlation_id: str) -> tuple[str, int]:
    """The story of a correlation id, and how many runs it has come through."""
    found = _MARKED.fullmatch(correlation_id)
    return (found[1], int(found[2])) if found else (correlation_id, 0)


def write(story: str, depth: int) -> str:
    """The correlation id of what a run of this depth causes."""
    return f"{story}~{depth}"
