"""The problems of stages."""

from libs.common.errors import Conflict


class StageInUse(Conflict):
    """Deals stand at this stage; move them first."""

    slug = "stage-in-use"
    title = "The stage has deals"


class StageNeeded(Conflict):
    """A pipeline keeps its won and lost stages as they are (but for their names), and at least one before them."""

    slug = "stage-needed"
    title = "The pipeline needs this stage"
