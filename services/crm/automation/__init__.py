"""Automation: rules that act by themselves, the runs they make, and what each run did."""
