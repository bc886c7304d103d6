"""The problems of subscriptions."""

from libs.common.errors import Conflict, ValidationFailed


class SubscriptionRunning(Conflict):
    """The subscription goes on: cancel it first. `current_status` says where it stands."""

    slug = "subscription-running"
    title = "The subscription goes on"


class SubscriptionBehind(Conflict):
    """So many periods have passed that the request could not wait until all are billed; try again when `Retry-After` says."""

    slug = "subscription-behind"
    title = "Billing has not caught up yet"

    def __init__(self) -> None:
        super().__init__("Periods that have passed are still being billed.", headers={"Retry-After": "1"})


class PlanNotForSale(ValidationFailed):
    """There is no such plan, or nothing is sold by it any more."""

    slug = "plan-not-for-sale"
    title = "No such plan"
