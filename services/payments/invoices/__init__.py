"""Invoices: drafts, final ones, and their documents."""
