"""Which plan a business has, and for how long."""
