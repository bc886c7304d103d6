"""Problems that several features of the orders service raise."""

from libs.common.errors import Conflict, ValidationFailed


class UnknownVariant(ValidationFailed):
    """A variant does not exist, is not for sale, or has no price; `variant_ids` names them."""

    slug = "unknown-variant"
    title = "Not for sale"


class CurrencyMismatch(ValidationFailed):
    """A variant is sold in another currency than the cart or order has."""

    slug = "currency-mismatch"
    title = "Another currency"


class AddressRequired(ValidationFailed):
    """Goods are sent somewhere: give an address first."""

    slug = "address-required"
    title = "Where to?"


class ShippingRequired(ValidationFailed):
    """Goods are sent somehow: choose one of the shipping methods offered for this cart first."""

    slug = "shipping-required"
    title = "How to send it?"


class UnknownShippingMethod(ValidationFailed):
    """The shipping method does not exist, or does not take these goods to this address."""

    slug = "unknown-shipping-method"
    title = "Not offered"


class InsufficientStock(Conflict):
    """There is too little stock; `lines` names each variant with what was requested and what is available."""

    slug = "insufficient-stock"
    title = "Too little stock"
