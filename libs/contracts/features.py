"""The features that plans include, and what each opens: routes ask for them by code, plans list them, callers see them.

Who lacks a feature sees what there is and changes nothing, unless seeing it is what the feature is. The routes of all
services are held against this by `deploy/e2e/test_features.py`.
"""

from dataclasses import dataclass

ORDERS, SUPPLIERS, API_KEYS = "sales.order_management", "catalog.manage_suppliers", "integrations.api_keys"
SUBSCRIPTIONS, AUTOMATION, ASSISTANT = "billing.manage_subscriptions", "automation.rules", "assistant.chat"
FORECASTING, INSIGHTS = "analytics.forecasting", "analytics.insights"


@dataclass(frozen=True, slots=True)
class Feature:
    """Something that a plan can include.

    Attributes:
        paths: the resources that are its own; whatever changes them asks for it.
        operations: what asks for it now. Empty: nothing of it is there yet.
        reads: whether reading its resources asks for it, too.
    """

    name: str
    description: str
    paths: tuple[str, ...]
    operations: tuple[str, ...] = ()
    reads: bool = False


DESCRIBED: dict[str, Feature] = {
    SUBSCRIPTIONS: Feature(
        "Subscriptions",
        "Sell subscriptions to customers, and bill them",
        ("/subscriptions",),
        (
            "POST /subscriptions",
            "PATCH /subscriptions/{subscription_id}",
            "PUT /subscriptions/{subscription_id}",
            "DELETE /subscriptions/{subscription_id}",
            "POST /subscriptions/{subscription_id}/pause",
            "POST /subscriptions/{subscription_id}/resume",
            "POST /subscriptions/{subscription_id}/change",
            "POST /subscriptions/{subscription_id}/change/preview",
            "POST /subscriptions/plans",
            "PATCH /subscriptions/plans/{subscription_plan_id}",
            "PUT /subscriptions/plans/{subscription_plan_id}",
            "DELETE /subscriptions/plans/{subscription_plan_id}",
        ),
    ),
    SUPPLIERS: Feature(
        "Suppliers",
        "Keep suppliers and order from them",
        ("/suppliers", "/purchase-orders"),
        (
            "POST /suppliers",
            "PATCH /suppliers/{supplier_id}",
            "PUT /suppliers/{supplier_id}",
            "DELETE /suppliers/{supplier_id}",
        ),
    ),
    ORDERS: Feature(
        "Order management",
        "Work orders: place, send, complete and cancel them",
        ("/orders", "/special-orders"),
        (
            "POST /orders",
            "POST /orders/{order_id}/cancel",
            "POST /orders/{order_id}/complete",
            "POST /orders/{order_id}/confirm",
            "POST /orders/{order_id}/shipments",
            "POST /orders/{order_id}/shipments/{shipment_id}/status",
        ),
    ),
    FORECASTING: Feature(
        "Forecasts",
        "Forecast demand",
        ("/insight-analytics/demand-forecast",),
        (
            "GET /insight-analytics/demand-forecast",
            "POST /insight-analytics/demand-forecast/refresh",
            "GET /insight-analytics/demand-forecast/runs",
            "GET /insight-analytics/demand-forecast/runs/{run_id}",
        ),
        reads=True,
    ),
    INSIGHTS: Feature(
        "Insights",
        "See anomalies, price recommendations and what to do next",
        (
            "/insight-analytics/sales-metrics",
            "/insight-analytics/price-recommendations",
            "/insight-analytics/anomalies",
            "/insight-analytics/next-best-actions",
        ),
        (
            "GET /insight-analytics/sales-metrics",
            "GET /insight-analytics/anomalies",
            "GET /insight-analytics/anomalies/{anomaly_id}",
            "POST /insight-analytics/anomalies/refresh",
            "POST /insight-analytics/anomalies/{anomaly_id}/acknowledge",
            "GET /insight-analytics/price-recommendations",
            "POST /insight-analytics/price-recommendations/refresh",
            "GET /insight-analytics/next-best-actions",
        ),
        reads=True,
    ),
    ASSISTANT: Feature(
        "Assistant",
        "Ask the assistant about the business",
        ("/ai",),
        (
            "POST /ai/conversations",
            "PATCH /ai/conversations/{conversation_id}",
            "PUT /ai/conversations/{conversation_id}",
            "DELETE /ai/conversations/{conversation_id}",
            "POST /ai/conversations/{conversation_id}/ask",
        ),
    ),
    AUTOMATION: Feature(
        "Automation",
        "Let rules act by themselves",
        ("/automation",),
        (
            "POST /automation/rules",
            "PATCH /automation/rules/{rule_id}",
            "PUT /automation/rules/{rule_id}",
            "DELETE /automation/rules/{rule_id}",
            "POST /automation/rules/{rule_id}/enable",
            "POST /automation/rules/{rule_id}/disable",
            "POST /automation/rules/{rule_id}/dry-run",
            "POST /automation/rules/{rule_id}/run",
        ),
    ),
    API_KEYS: Feature(
        "API keys",
        "Let programs act for the business",
        ("/api-keys",),
        (
            "POST /api-keys",
            "PATCH /api-keys/{key_id}",
            "PUT /api-keys/{key_id}",
            "POST /api-keys/{key_id}/rotate",
        ),
    ),
}

FEATURES = frozenset(DESCRIBED)
