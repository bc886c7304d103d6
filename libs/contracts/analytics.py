"""What analytics publishes: nothing yet beside its change records."""
