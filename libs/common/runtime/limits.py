"""Limits in time that several parts of a process keep to."""

# That requests, and after them messages and jobs, may take once a stop was asked for.
GRACE_SECONDS = 20
