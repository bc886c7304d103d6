"""A service of the benchmark's own, with the suite's outbox, relay and consumer: events that cost nothing to handle."""
