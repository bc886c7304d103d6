"""Plans: what a business may use, and how much of it."""
