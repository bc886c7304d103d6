"""Which columns of this service are about people: few, for it knows goods, and from whom they come."""

from libs.common.privacy.fields import (
    BUSINESS,
    NOBODY,
    Kind,
    PrivacyMap,
    TableMap,
    erase,
    keep,
    pseudonymise,
)

_ROW = "tenant_id id created_at updated_at version"
_REFERENCE = keep(Kind.IDENTIFIER, NOBODY)

PRIVACY: PrivacyMap = {
    "assigned_products": TableMap(
        none=f"{_ROW} company_id product_id sku name price_amount price_currency status assigned_at run"
    ),
    "availability_changes": TableMap(none="tenant_id id product_id created_at updated_at version"),
    "categories": TableMap(
        none="tenant_id id name slug parent_id description position created_at updated_at version"
    ),
    "movements": TableMap(
        none=f"{_ROW} type store_id variant_id quantity on_hand_after reason cause_id order_id",
        fields={"actor_id": _REFERENCE},
    ),
    "prices": TableMap(
        none=f"{_ROW} variant_id amount currency old_amount old_currency", fields={"actor_id": _REFERENCE}
    ),
    "products": TableMap(
        none=f"{_ROW} deleted_at name slug description type status category_id attributes seo_title seo_description"
        " tax_class media price_amount price_currency search_text filter_values is_sellable"
    ),
    "reservations": TableMap(
        none=f"{_ROW} order_id status requested expires_at reserved_at renewed_at allocated_at released_at shipped_at"
        " release_cause shortfall"
    ),
    "reservation_lines": TableMap(
        none=f"{_ROW} reservation_id variant_id store_id quantity shipped_quantity"
    ),
    "reservation_shipments": TableMap(none=f"{_ROW} order_id shipment_id"),
    "stock_levels": TableMap(none=f"{_ROW} variant_id store_id on_hand reserved allocated"),
    # The address of a place, not of a person.
    "stores": TableMap(none=f"{_ROW} deleted_at name code address is_default"),
    "suppliers": TableMap(
        none=f"{_ROW} deleted_at name code tax_number website country currency payment_terms_days lead_time_days"
        " is_active external_id",
        fields={
            "contact_name": erase(Kind.NAME),
            "email": pseudonymise(Kind.CONTACT),
            "phone": erase(Kind.CONTACT),
            "address": keep(Kind.CONTACT, BUSINESS),
            "notes": keep(Kind.CONTENT, BUSINESS),
        },
        email=("email",),
    ),
    "variants": TableMap(
        none=f"{_ROW} deleted_at product_id sku options barcode weight_g price_amount price_currency track_stock"
        " low_stock_threshold position"
    ),
}
