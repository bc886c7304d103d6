"""When the simulator's webhooks are sent, and the name of the job that sends one first."""

# The name is fixed because the rows of jobs bear it.
DELIVER = "deliver_sandbox_webhook"
# Seconds from one attempt to the next, after the example schedule of Standard Webhooks, shortened to a day.
LADDER: tuple[int, ...] = (5, 30, 120, 300, 1800, 7200, 18000, 36000, 36000)
