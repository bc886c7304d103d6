"""A tiny service for tests: it sends parcels and keeps what arrived."""
