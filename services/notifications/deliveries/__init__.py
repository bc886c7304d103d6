"""Mails and pushes on their way: what was to be sent, how often it was tried, and what came of it."""
