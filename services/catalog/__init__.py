"""Products, prices, warehouses and stock."""
