"""Carts: what somebody is about to order."""
