"""The problems of API keys."""

from libs.common.errors import Conflict


class TooManyKeys(Conflict):
    """There are as many keys (or personal tokens) as there may be; revoke one first. `limit` says how many."""

    slug = "too-many-keys"
    title = "Too many keys"

    def __init__(self, limit: int) -> None:
        super().__init__(f"There may be {limit} of these; revoke one first.", limit=limit)
