"""Postgres: engine, base of the models, unit of work, repository, tenancy and migrations."""
