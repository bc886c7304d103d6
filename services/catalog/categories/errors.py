"""What can go wrong with categories."""

from libs.common.errors import Conflict


class CategoryInUse(Conflict):
    """The category has categories or products below it; move them first."""

    slug = "category-in-use"
    title = "The category is not empty"


class CategoryCycle(Conflict):
    """A category cannot be put below itself or below one of its own branches."""

    slug = "category-cycle"
    title = "The tree would bite its tail"
