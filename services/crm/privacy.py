"""Which columns of this service are about people, and what erasure does to them."""

from libs.common.privacy.fields import BUSINESS, NOBODY, Kind, PrivacyMap, TableMap, erase, keep, pseudonymise

_ROW = "tenant_id id created_at updated_at version"
_REFERENCE = keep(Kind.IDENTIFIER, NOBODY)
_TEXT = keep(Kind.CONTENT, BUSINESS)

PRIVACY: PrivacyMap = {
    "assigned_products": TableMap(
        none="tenant_id company_id sku asked product_id name price_minor currency assigned_at"
    ),
    "automation_rules": TableMap(
        none=f"{_ROW} deleted_at name enabled enabled_at disabled_reason trigger trigger_type event object_type"
        " conditions permissions next_run_at",
        fields={"description": _TEXT, "actions": _TEXT, "owner_id": _REFERENCE},
    ),
    "automation_versions": TableMap(
        none=f"{_ROW} rule_id number change name enabled trigger object_type conditions permissions",
        fields={
            "description": _TEXT,
            "actions": _TEXT,
            "changed_by_id": _REFERENCE,
            "owner_id": _REFERENCE,
        },
    ),
    "automation_runs": TableMap(
        none=f"{_ROW} rule_id rule_version trigger_type cause_id event object_type object_id status reason problem"
        " depth correlation_id position attempts due_at finished_at",
        fields={"event_data": _TEXT, "started_by_id": _REFERENCE},
    ),
    "automation_steps": TableMap(
        none="tenant_id run_id position action status problem attempts started_at finished_at",
        fields={"result": _TEXT},
    ),
    "chat_threads": TableMap(none=f"{_ROW} object_type object_id message_count last_message_at"),
    "chat_members": TableMap(none="tenant_id thread_id is_told read_at", fields={"user_id": _REFERENCE}),
    "chat_messages": TableMap(
        none=f"{_ROW} deleted_at thread_id object_type object_id edited_at",
        fields={
            "author_id": _REFERENCE,
            "author_name": pseudonymise(Kind.NAME),
            "text": _TEXT,
            "mentions": _REFERENCE,
        },
        user=("author_id",),
    ),
    "companies": TableMap(
        none=f"{_ROW} deleted_at name registration_number website country industry tags applicant_company_id",
        fields={
            "email": pseudonymise(Kind.CONTACT),
            "phone": erase(Kind.CONTACT),
            "address": keep(Kind.CONTACT, BUSINESS),
            "owner_id": _REFERENCE,
        },
        email=("email",),
    ),
    "contacts": TableMap(
        none=f"{_ROW} deleted_at company_id source tags",
        fields={
            "name": pseudonymise(Kind.NAME),
            "first_name": erase(Kind.NAME),
            "last_name": erase(Kind.NAME),
            "email": pseudonymise(Kind.CONTACT),
            "phone": erase(Kind.CONTACT),
            "position": erase(Kind.CONTENT),
            "owner_id": _REFERENCE,
        },
        email=("email",),
    ),
    "deals": TableMap(
        none=f"{_ROW} deleted_at name status pipeline_id stage_id stage_entered_at amount_minor currency company_id"
        " contact_id source expected_close_on tags won_reason lost_reason closed_at registration_id"
        " applicant_company_id",
        fields={"description": _TEXT, "owner_id": _REFERENCE},
    ),
    "deal_lines": TableMap(
        none=f"{_ROW} deal_id position sku name quantity unit_price_minor currency product_id"
    ),
    "leads": TableMap(
        none=f"{_ROW} deleted_at company_name source status amount_minor currency tags converted_at company_id"
        " contact_id deal_id",
        fields={
            "name": pseudonymise(Kind.NAME),
            "first_name": erase(Kind.NAME),
            "last_name": erase(Kind.NAME),
            "email": pseudonymise(Kind.CONTACT),
            "phone": erase(Kind.CONTACT),
            "description": erase(Kind.CONTENT),
            "owner_id": _REFERENCE,
        },
        email=("email",),
    ),
    "memos": TableMap(
        none=f"{_ROW} deleted_at name",
        fields={"text": _TEXT, "author_id": _REFERENCE, "author_name": pseudonymise(Kind.NAME)},
        user=("author_id",),
    ),
    "memo_recipients": TableMap(none="tenant_id memo_id read_at", fields={"user_id": _REFERENCE}),
    "people": TableMap(
        none="tenant_id roles is_colleague active changed_at",
        fields={
            "user_id": _REFERENCE,
            "name": pseudonymise(Kind.NAME),
            "email": pseudonymise(Kind.CONTACT),
        },
        user=("user_id",),
        email=("email",),
        of_account=True,
    ),
    "pipelines": TableMap(none=f"{_ROW} deleted_at name is_default position won_reasons lost_reasons"),
    "projects": TableMap(
        none=f"{_ROW} deleted_at name status starts_on due_on company_id deal_id tags",
        fields={"description": _TEXT, "owner_id": _REFERENCE},
    ),
    "project_members": TableMap(none="tenant_id project_id", fields={"user_id": _REFERENCE}),
    "requests": TableMap(
        none=f"{_ROW} deleted_at name status source budget_minor currency due_at company_id contact_id deal_id tags",
        fields={"description": _TEXT, "owner_id": _REFERENCE},
    ),
    "stages": TableMap(none=f"{_ROW} deleted_at pipeline_id name kind position probability required_fields"),
    "stage_changes": TableMap(
        none="tenant_id id deal_id from_stage_id to_stage_id at seconds_in_stage",
        fields={"by_id": _REFERENCE},
    ),
    "tasks": TableMap(
        none=f"{_ROW} deleted_at name status priority due_at deal_id company_id contact_id tags completed_at",
        fields={
            "description": _TEXT,
            "assignee_id": _REFERENCE,
            "created_by_id": _REFERENCE,
            "completed_by_id": _REFERENCE,
        },
    ),
}
