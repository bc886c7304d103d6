"""Servers that run as children of our own process: a Postgres and a RabbitMQ for one-command runs and tests.

Nothing here is used in production, where both are somebody else's to run.
"""
