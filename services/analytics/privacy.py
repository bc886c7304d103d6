"""Which columns of this service are about people. Figures count without names, so names go and figures stay."""

from libs.common.privacy.fields import BUSINESS, NOBODY, Kind, PrivacyMap, TableMap, erase, keep, pseudonymise

_REFERENCE = keep(Kind.IDENTIFIER, NOBODY)

_ROW = "tenant_id id created_at updated_at version"

PRIVACY: PrivacyMap = {
    "conversations": TableMap(
        none=f"{_ROW} message_count last_message_at active_at last_event",
        fields={
            "user_id": erase(Kind.IDENTIFIER),
            "title": erase(Kind.CONTENT),
            "system_prompt": erase(Kind.CONTENT),
        },
        user=("user_id",),
        deletes=True,
    ),
    "conversation_messages": TableMap(
        none=f"{_ROW} conversation_id role status figures provider model input_tokens output_tokens degraded reason notice"
        " question_id answer_id tz attempt answering_until idempotency_key request_hash",
        fields={
            "user_id": erase(Kind.IDENTIFIER),
            "content": erase(Kind.CONTENT),
            "tool_calls": erase(Kind.CONTENT),
        },
        user=("user_id",),
        deletes=True,
    ),
    "conversation_events": TableMap(
        none="tenant_id conversation_id seq message_id type created_at",
        fields={"user_id": erase(Kind.IDENTIFIER), "data": erase(Kind.CONTENT)},
        user=("user_id",),
        deletes=True,
    ),
    "anomalies": TableMap(
        none="tenant_id id created_at updated_at version metric subject product_id product_name day tz currency"
        " direction severity observed expected low high score p_value impact history_days status acknowledged_at",
        fields={"note": keep(Kind.CONTENT, BUSINESS), "acknowledged_by_id": _REFERENCE},
    ),
    "deal_facts": TableMap(
        none="tenant_id deal_id pipeline stage status amount currency source created_at closed_at seen_at name"
        " expected_close_on stage_entered_at",
        fields={"owner_id": _REFERENCE},
    ),
    "deal_stage_facts": TableMap(none="tenant_id deal_id stage pipeline entered_at"),
    "demand_forecasts": TableMap(
        none="tenant_id run_id variant_id product_id sku name volume document",
    ),
    "events": TableMap(
        none="tenant_id id type source subject time recorded_at",
        fields={"actor": _REFERENCE, "data": pseudonymise(Kind.CONTENT)},
        documents=("data",),
    ),
    "forecast_runs": TableMap(
        none="tenant_id id grain tz status is_current asked_at until series computed refused failures started_at"
        " finished_at error created_at updated_at version"
    ),
    "insight_runs": TableMap(none="tenant_id kind tz due_at computed_at refused evidence"),
    "invoice_facts": TableMap(
        none="tenant_id invoice_id number status currency total outstanding due_on issued_at seen_at"
    ),
    "lead_facts": TableMap(none="tenant_id lead_id source created_at converted_at deal_id status seen_at"),
    "money_facts": TableMap(none="tenant_id id kind order_id provider amount currency happened_at"),
    "order_facts": TableMap(
        none="tenant_id order_id number currency subtotal discount shipping tax total placed_at paid_at expired_at"
        " cancelled_at delivered_at completed_at",
        # An account, or the address of who has none.
        fields={"customer": pseudonymise(Kind.CONTACT)},
        email=("customer",),
    ),
    "order_line_facts": TableMap(
        none="tenant_id line_id order_id product_id variant_id sku name quantity total tax_included currency"
    ),
    "price_recommendations": TableMap(
        none="tenant_id id created_at updated_at version product_id variant_id sku name currency action current_price"
        " recommended_price gain expected evidence refused computed_at"
    ),
    "price_facts": TableMap(none="tenant_id variant_id changed_at product_id sku price currency"),
    "stock_facts": TableMap(
        none="tenant_id store_id variant_id sku on_hand reserved allocated available revision"
    ),
    "token_usages": TableMap(none="tenant_id month tokens"),
    "task_facts": TableMap(
        none="tenant_id task_id assigned_at due_at completed_at name status deal_id seen_at",
        fields={"assignee_id": _REFERENCE},
    ),
}
