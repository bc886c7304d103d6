"""The features that a plan can hold, by code. Until there are plans, every business has all of them."""

FEATURES = frozenset(
    {
        "billing.manage_subscriptions",
        "catalog.manage_suppliers",
        "sales.order_management",
        "analytics.forecasting",
        "analytics.insights",
        "assistant.chat",
        "automation.rules",
        "integrations.api_keys",
    }
)
