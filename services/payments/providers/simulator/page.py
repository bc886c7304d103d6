"""The payment page as HTML: one template, every value escaped, nothing loaded from elsewhere."""

import secrets
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from starlette.responses import HTMLResponse

from services.payments.providers.simulator.models import SandboxCheckout

if TYPE_CHECKING:
    from jinja2 import Template

_WORDS = {
    "succeeded": ("Payment complete", "Nothing more is needed here."),
    "failed": ("Payment failed", "The bank declined this payment. No money was taken."),
    "cancelled": ("Payment cancelled", "You stopped this payment. No money was taken."),
}


@lru_cache
def _template() -> "Template":
    # Only where pages are shown: it takes a quarter of the time in which this service starts.
    from jinja2 import Environment, FileSystemLoader, select_autoescape

    loader = FileSystemLoader(Path(__file__).parent)
    return Environment(loader=loader, autoescape=select_autoescape(["html"])).get_template("page.html")


def return_address(checkout: SandboxCheckout) -> str | None:
    """Where the buyer goes next: the merchant's address with `payment_id` and `status` among its query fields."""
    if not checkout.return_url:
        return None
    parts = urlsplit(checkout.return_url)
    query = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True)]
    query += [("payment_id", checkout.reference), ("status", checkout.status)]
    return urlunsplit(parts._replace(query=urlencode(query)))


def payment_page(checkout: SandboxCheckout) -> HTMLResponse:
    """The page: three buttons while the checkout is open, what became of it afterwards."""
    nonce = secrets.token_urlsafe(16)
    title, text = _WORDS.get(checkout.status, ("", ""))
    html = _template().render(
        nonce=nonce,
        merchant=checkout.merchant_name,
        description=checkout.description,
        amount=str(checkout.amount),
        is_open=checkout.status == "created",
        status=checkout.status,
        title=title,
        text=text,
        return_url=return_address(checkout) if checkout.status != "created" else None,
    )
    return HTMLResponse(
        html,
        headers={
            "Content-Security-Policy": (
                f"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; "
                "base-uri 'none'; frame-ancestors 'none'"
            ),
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        },
    )
