"""Tests of the job runner on real Postgres."""
