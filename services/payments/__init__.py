"""Payments, refunds, invoices and the ledger under them."""
