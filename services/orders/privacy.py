"""Which columns of this service are about people, and what erasure does to them."""

from libs.common.privacy.fields import BOOKS, NOBODY, Kind, PrivacyMap, TableMap, erase, keep, pseudonymise

_ROW = "tenant_id id created_at updated_at version"
_REFERENCE = keep(Kind.IDENTIFIER, NOBODY)

PRIVACY: PrivacyMap = {
    "carts": TableMap(
        none=f"{_ROW} status currency token_hash order_id shipping_method_id merged_into_id",
        fields={
            "customer_user_id": _REFERENCE,
            "email": erase(Kind.CONTACT),
            "note": erase(Kind.CONTENT),
            "address": erase(Kind.CONTACT),
        },
        user=("customer_user_id",),
        email=("email",),
    ),
    "cart_items": TableMap(
        none=f"{_ROW} cart_id variant_id product_id sku name type tax_class weight_g options quantity unit_amount"
    ),
    "document_numbers": TableMap(
        none="tenant_id series prefix width last_value",
        stays=BOOKS,
    ),
    # What was bought stays; the invoice that names the buyer is in payments.
    "orders": TableMap(
        none=f"{_ROW} number status steps cart_token_hash currency subtotal_amount discount_amount shipping_amount"
        " tax_amount tax_included_amount total_amount refunded_amount shipping_method_id shipping_method_name"
        " shipping_account_id reserved_until placed_at payment_id paid_at shipped_at delivered_at completed_at"
        " cancelled_at cancel_reason expired_at",
        fields={
            "email": pseudonymise(Kind.CONTACT),
            "customer_user_id": _REFERENCE,
            "customer_name": pseudonymise(Kind.NAME),
            "note": erase(Kind.CONTENT),
            "shipping_address": erase(Kind.CONTACT),
        },
        user=("customer_user_id",),
        email=("email",),
        stays=BOOKS,
    ),
    "order_lines": TableMap(
        none=f"{_ROW} order_id position variant_id product_id sku name type tax_class weight_g options currency"
        " quantity shipped_quantity unit_amount discount_amount tax_amount tax_included_amount total_amount",
        stays=BOOKS,
    ),
    "shipments": TableMap(
        none=f"{_ROW} order_id status provider carrier tracking_reference next_step_at delivered_at",
        stays=BOOKS,
    ),
    "shipment_lines": TableMap(
        none="tenant_id shipment_id line_id variant_id quantity",
        stays=BOOKS,
    ),
    "shipping_accounts": TableMap(none=f"{_ROW} deleted_at provider name"),
    "shipping_methods": TableMap(
        none=f"{_ROW} deleted_at account_id position name amount currency country weight_min_g weight_max_g free_amount"
    ),
    "tax_rates": TableMap(none=f"{_ROW} name country tax_class rate_ppm inclusive"),
    "timeline_entries": TableMap(
        none="tenant_id id order_id at kind status step reference data",
        fields={"actor": keep(Kind.IDENTIFIER, BOOKS)},
        stays=BOOKS,
    ),
}
