"""Whom to write to about an order: a projection of placed orders."""
