"""The review of applications: votes, decisions, assignment, delegation, escalation."""
