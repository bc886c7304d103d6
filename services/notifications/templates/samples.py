"""Example values for previews, with every variable that some kind of notification has."""

from typing import Any

SAMPLE: dict[str, Any] = {
    "name": "Thandi Mokoena",
    "company": {"name": "Karoo Coffee"},
    "inviter": {"name": "Sipho Khumalo"},
    "deal": {"name": "Karoo Coffee", "amount": "ZAR 499.00", "result": "won", "reason": "Good fit"},
    "task": {"name": "Call the owner"},
    "message": {"author": "Sipho", "text": "Can we deliver on Friday?"},
    "order": {
        "number": "1001",
        "total": "ZAR 398.00",
        "lines": [{"name": "House blend, 1 kg", "quantity": 2, "total": "ZAR 398.00"}],
        "reason": "Out of stock",
    },
    "shipment": {"tracking_reference": "TCG123", "carrier": "The Courier Guy"},
    "payment": {"amount": "ZAR 398.00", "reason": "Card declined"},
    "refund": {"amount": "ZAR 50.00", "reason": "Damaged bag"},
    "invoice": {
        "number": "INV-1001",
        "total": "ZAR 398.00",
        "outstanding": "ZAR 398.00",
        "due_on": "2026-03-31",
    },
    "subscription": {"plan": "Beans every month"},
    "product": {"name": "House blend, 1 kg", "sku": "HB-1", "available": 3, "threshold": 5},
    "notice": {"title": "A large deal was won", "text": "Karoo Coffee, ZAR 4990.00"},
    "rule": {"name": "Thank for a won deal", "reason": "the last 10 runs failed"},
    "asked_for": ["Certificate of incorporation"],
    "is_reminder": False,
    "host": "shop.karoo.example",
    "record": "_pillars-verification.shop.karoo.example",
    "is_lost": False,
    "lost_on": "2026-05-08",
    "waiting_for": "staff",
    "reason": "The registration number could not be confirmed",
    "valid": {"minutes": 60},
    "link": "https://example.com/",
}
