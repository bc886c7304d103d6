"""The sellable forms of a product, each with its SKU."""
