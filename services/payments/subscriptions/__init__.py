"""Subscriptions: what customers are billed for again and again."""
