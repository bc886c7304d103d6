"""Secrets for programs: API keys of a business, and personal tokens of people."""
