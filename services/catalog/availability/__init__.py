"""Whether products can be bought now, kept so that long lists can be filtered by it."""
