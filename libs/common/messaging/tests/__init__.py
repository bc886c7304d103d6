"""Tests of the bus on real Postgres and, where marked, a real RabbitMQ."""
