"""Goods of orders on their way."""
