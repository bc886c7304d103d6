"""When pending refunds are looked at again, and the name of the job that does."""

from datetime import timedelta

SEND = "send_refund"
# How long a refund may be pending before the provider is asked; the interval doubles with each question.
FIRST_CHECK = timedelta(minutes=2)
LONGEST_CHECK = timedelta(hours=12)


def next_check(checks: int) -> timedelta:
    """The wait after so many questions."""
    return min(FIRST_CHECK * 2 ** min(checks, 10), LONGEST_CHECK)
