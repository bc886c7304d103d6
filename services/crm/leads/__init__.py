"""Leads: interest that may become a deal."""
