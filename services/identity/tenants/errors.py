"""The problems of tenants."""

from libs.common.errors import Conflict


class SlugTaken(Conflict):
    """Another business has this slug."""

    slug = "slug-taken"
    title = "Slug taken"

    def __init__(self) -> None:
        super().__init__("Another business has this slug; choose another.")
