"""Letting the operator's staff into a business, for a time and for a reason."""
