"""What is printed about a business on its invoices and payment pages."""
