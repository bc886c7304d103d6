"""The problems of plans."""

from libs.common.errors import Conflict


class PlanInUse(Conflict):
    """Businesses have this plan, or it follows another one; it cannot be removed, only hidden (`is_public: false`)."""

    slug = "plan-in-use"
    title = "The plan is in use"


class UnknownPlan(Conflict):
    """There is no such plan, or it is not for everybody to choose; `GET /plans` lists them."""

    status = 422
    slug = "unknown-plan"
    title = "No such plan"
