"""Applications of businesses to join the platform, and their review."""
