"""What the walk cannot tell from the API document: what a field refers to, where an id comes from, and reasons."""

PAGING = {"limit", "cursor", "order", "q", "company_id"}
# What a field of a body or query refers to, where its name is not that of an id of `Business.ids`.
REFERENCES = {
    "owner_id": "user_id",
    "assignee_id": "user_id",
    "mentions": "user_id",
    "member_ids": "user_id",
    "member_id": "user_id",
    "recipient_ids": "user_id",
    "recipient_id": "user_id",
    "author_id": "user_id",
    "created_by_id": "user_id",
    "actor_id": "user_id",
    "acted_as_id": "user_id",
    "to_user_id": "user_id",
    "from_user_id": "user_id",
    "escalate_to_id": "user_id",
    "object_id": "deal_id",
    "resource_id": "deal_id",
    "method_id": "shipping_method_id",
    "roles": "role",
    "directories": "tenant_id",
    "GET /api/v1/chat/for_object id": "deal_id",
    "GET /api/v1/inventory/movements cause_id": "order_id",
    "POST /api/v1/shipping/accounts id": "shipping_method_id",
    "PUT /api/v1/shipping/accounts/{account_id} id": "shipping_method_id",
    "PATCH /api/v1/shipping/accounts/{account_id} id": "shipping_method_id",
    "POST /api/v1/payments/checkouts order_id": "open_order_id",
    "PUT /api/v1/products/{product_id} id": "variant_id",
    "POST /api/v1/orders/{order_id}/shipments line_id": "paid_line_id",
    "POST /api/v1/orders/{order_id}/shipments variant_id": "paid_variant_id",
    **{
        f"{operation} plan_id": "subscription_plan_id"
        for operation in (
            "GET /api/v1/subscriptions",
            "POST /api/v1/subscriptions",
            "PUT /api/v1/subscriptions/{subscription_id}",
            "POST /api/v1/subscriptions/{subscription_id}/change",
            "POST /api/v1/subscriptions/{subscription_id}/change/preview",
        )
    },
    "GET /api/v1/deals applicant_company_id": "tenant_id",
    "GET /api/v1/companies applicant_company_id": "tenant_id",
    "GET /api/v1/registrations applicant_company_id": "tenant_id",
}
# Fields that take any id, known or not, since nothing is looked up by it, each with the reason.
LOOSE = {
    "product_id": "a note of where the line of a deal came from; its sku, name and price are its own",
    "customer_user_id": "a note of whose an order or invoice is; mail goes to the address that stands beside it",
    "directories": "ids of Microsoft's directories, none of which is ours",
    "object_id": "a message may be on a thing of any service, and shows to its own business only",
    **{
        f"{operation} customer.user_id": "a note of whose a subscription is; mail goes to the address beside it"
        for operation in (
            "POST /api/v1/subscriptions",
            "PUT /api/v1/subscriptions/{subscription_id}",
            "PATCH /api/v1/subscriptions/{subscription_id}",
        )
    },
    "POST /api/v1/shipping/accounts rates.0.id": "a new account has no rates yet, so every id is refused",
}
# Fields of bodies that are one's own in every body, by operation.
BODIES = {
    "POST /api/v1/payments/checkouts": {"order_id": "open_order_id"},
    "POST /api/v1/tenants/{tenant_id}/members": {"email": "free_email"},
    "PUT /api/v1/users/{user_id}": {"email": "user_email"},
    "POST /api/v1/tenants/{tenant_id}/staff-grants": {"email": "staff_email"},
}
# Fields of which a body has one.
EITHER = ({"line_id", "variant_id"}, {"to_user_id", "to_email"}, {"user_id", "email"})
# What ends the session it is called with.
LAST = {"POST /api/v1/auth/sessions/revoke-all", "POST /api/v1/auth/password/change"}
# Reading that is written down, and so changes what the next one reads of the audit log.
NOTED = {"GET /api/v1/audit-log/export", "GET /api/v1/privacy/exports/{export_id}/file"}
# Operations that are open to whoever knows something, or to all, each with the reason.
OPEN = {
    "GET /.well-known/jwks.json": "public keys",
    "GET /api/v1/": "the index of the API",
    "GET /api/v1/asyncapi.json": "the documents of the API",
    "GET /api/v1/schema": "the documents of the API",
    "POST /api/v1/auth/login": "needs the password",
    "POST /api/v1/auth/token": "needs the password",
    "POST /api/v1/auth/token/revoke": "needs the token",
    "POST /api/v1/invitations/show": "needs the token",
    "POST /api/v1/invitations/accept": "needs the token",
    "POST /api/v1/auth/logout": "ends the session of the token shown, and no other",
    "POST /api/v1/auth/refresh": "needs the token",
    "POST /api/v1/auth/register": "makes a business of its own",
    "POST /api/v1/auth/passkeys/login/options": "the same for everybody",
    "POST /api/v1/auth/passkeys/login/verify": "needs the passkey",
    "GET /api/v1/auth/oidc/{provider}/start": "names a provider, and sends to it whoever asks",
    "GET /api/v1/auth/oidc/{provider}/callback": "needs the cookie of the browser and the word of the provider",
    "POST /api/v1/auth/oidc/exchange": "needs the code",
    "GET /api/v1/registrations/status/{token}": "open to who holds the link, which is signed",
    "GET /api/v1/registrations/status/{token}/stream": "open to who holds the link, which is signed",
    "POST /api/v1/auth/signup": "joins a shop as its client, which is open to all",
    "GET /sandbox/pay/{checkout_id}": "the provider's page, open to who holds its address, which nobody can guess",
    "POST /sandbox/pay/{checkout_id}": "the provider's page, open to who holds its address, which nobody can guess",
    "POST /api/v1/payments/webhooks/{provider}/{account_id}": "believed when signed with the secret of the account",
}
# Lists that hold nothing for a business, each with the reason.
EMPTY: dict[str, str] = {}
# Lists of which a business has one row only, each with the reason.
ONE_PAGE = {"GET /api/v1/assigned-products": "a business is given one product"}
# Texts of a form that the word of a business does not have.
FORMATTED = {
    "order",
    "currency",
    "tz",
    "country",
    "locale",
    "tax_class",
    "at",
    "from",
    "to",
    "format",
    "grain",
    "by",
}
