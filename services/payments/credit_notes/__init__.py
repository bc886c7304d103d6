"""Credit notes against final invoices."""
