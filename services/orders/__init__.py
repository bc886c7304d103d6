"""Carts, checkout, orders, shipping."""
