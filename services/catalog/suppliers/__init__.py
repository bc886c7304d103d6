"""Suppliers: from whom a business buys what it sells."""
