"""Which columns of this service are about people, and what erasure does to them: what was sent to somebody goes."""

from libs.common.privacy.fields import Kind, PrivacyMap, TableMap, erase, keep, pseudonymise

_ROW = "tenant_id id created_at updated_at version"
_SANDBOX = "stands in for a provider where nothing is sent: it holds no real person"

PRIVACY: PrivacyMap = {
    "deliveries": TableMap(
        none=f"{_ROW} channel type dedupe_key status attempts last_error provider_message_id due_at claimed_until"
        " finished_at",
        fields={
            "user_id": erase(Kind.IDENTIFIER),
            "recipient": erase(Kind.CONTACT),
            "subject": erase(Kind.CONTENT),
            "text": erase(Kind.CONTENT),
            "html": erase(Kind.CONTENT),
            "data": erase(Kind.CONTENT),
        },
        user=("user_id",),
        email=("recipient",),
        deletes=True,
    ),
    "devices": TableMap(
        none="platform created_at seen_at",
        fields={"token": erase(Kind.SECRET), "user_id": erase(Kind.IDENTIFIER)},
        user=("user_id",),
        deletes=True,
        of_account=True,
    ),
    "mailbox_messages": TableMap(
        none=f"{_ROW} sender message_id has_link",
        fields={
            "recipient": erase(Kind.CONTACT),
            "subject": erase(Kind.CONTENT),
            "text": erase(Kind.CONTENT),
            "html": erase(Kind.CONTENT),
        },
        email=("recipient",),
        deletes=True,
    ),
    "notifications": TableMap(
        none=f"{_ROW} seq type object_type object_id dedupe_key read_at archived_at",
        fields={
            "user_id": erase(Kind.IDENTIFIER),
            "title": erase(Kind.CONTENT),
            "body": erase(Kind.CONTENT),
            "link": erase(Kind.CONTENT),
        },
        user=("user_id",),
        deletes=True,
    ),
    "order_contacts": TableMap(
        none="tenant_id order_id number",
        fields={
            "email": erase(Kind.CONTACT),
            "customer_user_id": erase(Kind.IDENTIFIER),
            "customer_name": erase(Kind.NAME),
        },
        user=("customer_user_id",),
        email=("email",),
        deletes=True,
    ),
    "preferences": TableMap(
        none="tenant_id",
        fields={
            "user_id": erase(Kind.IDENTIFIER),
            "channels": erase(Kind.CONTENT),
            "quiet_start": erase(Kind.CONTENT),
            "quiet_end": erase(Kind.CONTENT),
            "time_zone": erase(Kind.CONTENT),
        },
        user=("user_id",),
        deletes=True,
    ),
    "recipients": TableMap(
        none="tenant_id locale roles is_staff active changed_at",
        fields={
            "user_id": erase(Kind.IDENTIFIER),
            "email": pseudonymise(Kind.CONTACT),
            "name": pseudonymise(Kind.NAME),
            "phone": erase(Kind.CONTACT),
        },
        user=("user_id",),
        email=("email",),
        deletes=True,
        of_account=True,
    ),
    "sandbox_messages": TableMap(
        none=f"{_ROW} message",
        fields={
            "token": keep(Kind.SECRET, _SANDBOX),
            "title": keep(Kind.CONTENT, _SANDBOX),
            "body": keep(Kind.CONTENT, _SANDBOX),
            "data": keep(Kind.CONTENT, _SANDBOX),
        },
    ),
    "templates": TableMap(none=f"{_ROW} type channel locale subject text html"),
}
