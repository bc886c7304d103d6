"""Tasks: what somebody is to do, often for a deal."""
