"""How what is due of subscriptions is done: the name of the job that does it, and how much it does at once."""

from datetime import timedelta

ADVANCE = "advance_subscription"
# So many steps (a period billed, a reminder) in one transaction, be it a request's or a job's: while one lasts it holds
# a connection, and the number of the business's next invoice. The rest follows in others, one after the other.
STEPS = 4
# One whose job was given up is found again after so long.
AGAIN = timedelta(minutes=10)
