"""What is not isolated by tenant, each with its reason."""

from deploy.e2e.isolation.catalogue import Table

# Tables whose rows belong to no tenant, each with the reason. Those that only the platform scope may read are empty
# to a tenant, and that is tried.
SHARED = {
    "alembic_version": "the number of the last migration",
    "inbox": "ids of events and names of handlers",
    "job_schedules": "names of jobs",
    "identity.users": "a person may belong to several businesses; a tenant sees its own members",
    "notifications.devices": "belong to a person; found by the person or by the token, which is a secret",
}
PLATFORM_ONLY = {
    "identity.sessions": "belong to a person; read by the sign-in",
    "identity.refresh_tokens": "belong to a session",
    "identity.signing_keys": "belong to the platform",
    "identity.attempt_counters": "belong to names and addresses",
    "identity.passkeys": "belong to a person; found by the person or by what the device calls them",
    "identity.passkey_challenges": "belong to a browser that is about to answer",
    "identity.totp_factors": "belong to a person; read by the sign-in",
    "identity.recovery_codes": "belong to a person; read by the sign-in",
    "identity.one_time_links": "belong to a person; found by a token that only the person has",
    "identity.oidc_flows": "belong to a browser that is at a provider",
    "identity.oidc_codes": "belong to a browser that has come back",
    "identity.oidc_links": "belong to a person; found by the person or by the outside account",
}
# Values that are unique on the whole platform, each with the reason why that tells nobody anything.
UNIQUE_TO_ALL = {
    "outbox.id": "given by a sequence",
    "outbox.event_id": "a random id that is made here",
    "dead_letters.id": "a random id that is made here",
    "jobs.id": "a random id that is made here",
    "jobs.name,key": "the key begins with the tenant",
    "identity.domains.host": "a host name leads to one business; who asks for a taken one must be told",
    "identity.tenants.slug": "names a business in public addresses",
    "notifications.notifications.seq": "given by a sequence",
    "identity.users.id": "a random id that is made here",
    "identity.users.email": "one account a person; who registers with a taken address must be told",
    "notifications.devices.token": "a secret of the device itself",
}
# References to rows of no tenant, each with the reason.
REFERENCES_TO_SHARED = {
    "fk_members_user_id": "a person may be a member of several businesses",
    "fk_api_keys_user_id": "whose personal token it is",
    "fk_staff_grants_user_id": "whom of the operator's staff a business lets in",
}
# Policies that show more than the tenant's own rows, each with the reason.
WIDER = {("identity.roles", "system_roles"): "the roles of the platform are the same for every business"}

# Functions that run in a scope of their own, each with the reason.
SCOPED = {
    "payments.check_balance()": "adds up one transaction of the tenant of the row, at the commit",
    "identity.copy_person()": "reads the account of the membership that is written",
    "identity.copy_person_again()": "writes the account's own fields into its memberships, and nothing else",
}


def reason(known: dict[str, str], table: Table, name: str = "") -> str | None:
    """The reason that stands for a table (or something in it), by its full name or for every service alike."""
    tail = f".{name}" if name else ""
    return known.get(f"{table}{tail}") or known.get(f"{table.name}{tail}")
