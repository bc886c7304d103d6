"""Shipping accounts, the methods they offer, and their prices."""
