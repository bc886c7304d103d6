"""The problems of sign-in policies."""

from libs.common.errors import ValidationFailed


class EmailDomainNotAllowed(ValidationFailed):
    """The business takes members with addresses of its own domains only; `allowed` names them."""

    slug = "email-domain-not-allowed"
    title = "An address of another domain"
