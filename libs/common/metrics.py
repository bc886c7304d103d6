"""The figures that every process exposes at `/metrics`: events, handlers, queues and jobs, by service."""

from prometheus_client import Counter, Gauge, Histogram

requests_inside = Gauge(
    "pillars_requests_inside",
    "Requests that are worked on, from their body to the begin of their answer",
    ["service"],
)
requests_limit = Gauge(
    "pillars_requests_limit", "Requests that are let in at once, as the gate has it now", ["service"]
)
requests_waiting = Gauge("pillars_requests_waiting", "Requests that wait to be let in", ["service"])

outbox_pending = Gauge("pillars_outbox_pending", "Committed events that are not yet published", ["service"])
outbox_oldest_seconds = Gauge(
    "pillars_outbox_oldest_seconds", "Age of the oldest event that is not yet published", ["service"]
)
events_emitted_total = Counter(
    "pillars_events_emitted_total",
    "Events committed, by type: the business counters (orders placed, payments, deals won, ...)",
    ["service", "type"],
)
database_seconds = Histogram(
    "pillars_database_seconds",
    "Time a statement took, or all of those sent together",
    ["service"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 30),
)
database_connections = Gauge("pillars_database_connections", "Connections of the pool in use", ["service"])
database_background_connections = Gauge(
    "pillars_database_background_connections",
    "Connections of the pool that handlers and jobs hold",
    ["service"],
)
database_connections_limit = Gauge(
    "pillars_database_connections_limit", "Connections that the pool may have", ["service"]
)
database_connections_waiting = Gauge(
    "pillars_database_connections_waiting",
    "Units of work that wait for a connection of the pool",
    ["service"],
)
server_connections = Gauge(
    "pillars_database_server_connections", "Client connections of the database server, of all processes"
)
server_connections_limit = Gauge(
    "pillars_database_server_connections_limit", "Client connections that the database server takes"
)
events_published_total = Counter(
    "pillars_events_published_total", "Events confirmed by the broker", ["service"]
)
publish_failures_total = Counter(
    "pillars_publish_failures_total",
    "Batches that the broker did not confirm, or the database failed",
    ["service"],
)

consumer_handled_total = Counter(
    "pillars_consumer_handled_total",
    "Deliveries by outcome: done, duplicate, retry, release or dead",
    ["service", "handler", "outcome"],
)
consumer_seconds = Histogram(
    "pillars_consumer_seconds",
    "Time from delivery to commit",
    ["service", "handler"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
dead_letters = Gauge("pillars_dead_letters", "Dead letters that nobody has resolved", ["service"])
queue_ready = Gauge("pillars_queue_ready", "Messages waiting in a queue", ["service", "queue"])

jobs_pending = Gauge("pillars_jobs_pending", "Jobs that are due and not finished", ["service"])
jobs_oldest_seconds = Gauge(
    "pillars_jobs_oldest_seconds", "How long the oldest due job has waited", ["service"]
)
jobs_dead = Gauge("pillars_jobs_dead", "Jobs that were given up", ["service"])
jobs_run_total = Counter(
    "pillars_jobs_run_total",
    "Runs of jobs by outcome: done, retry, dead or lost",
    ["service", "job", "outcome"],
)
jobs_seconds = Histogram(
    "pillars_jobs_seconds",
    "Time a run of a job took",
    ["service", "job"],
    buckets=(0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
