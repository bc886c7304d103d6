"""What anyone may do in a shop without signing in: identity grants it, the API document says so."""

GUEST_PERMISSIONS: tuple[str, ...] = (
    "catalog.products.read",
    "catalog.categories.read",
    "orders.carts.*",
    "orders.shipping_methods.read",
    "payments.checkouts.write",
)
