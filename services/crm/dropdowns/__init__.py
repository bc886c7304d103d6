"""The choice lists of this service."""
