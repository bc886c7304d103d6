"""Which columns of this service are about people, and what erasure does to them."""

from libs.common.privacy.fields import (
    BOOKS,
    BUSINESS,
    NOBODY,
    PROOF,
    Kind,
    PrivacyMap,
    TableMap,
    erase,
    keep,
    pseudonymise,
)

_GUARD = "counts guesses at passwords for minutes, against break-ins (GDPR art. 6(1)(f)); removed by itself"
_ASKED = "proof that a request of a person was met, and how (GDPR art. 5(2)); the address goes once a person is erased"
_WHICH = "says which business the books and the proof are of that have to be kept; nothing else is left of it"

PRIVACY: PrivacyMap = {
    "users": TableMap(
        none="id email_verified_at locale is_active home_tenant_id created_at updated_at version",
        fields={
            "email": pseudonymise(Kind.CONTACT),
            "password_hash": erase(Kind.SECRET),
            "first_name": pseudonymise(Kind.NAME),
            "last_name": erase(Kind.NAME),
            "phone": erase(Kind.CONTACT),
            "last_sign_in_at": erase(Kind.CONTENT),
        },
        user=("id",),
        of_account=True,
    ),
    "sessions": TableMap(
        none="id created_at authenticated_at amr last_seen_at idle_seconds expires_at revoked_at revoked_reason",
        fields={
            "user_id": keep(Kind.IDENTIFIER, NOBODY),
            "address": erase(Kind.IDENTIFIER),
            "user_agent": erase(Kind.IDENTIFIER),
            "acting_user_id": keep(Kind.IDENTIFIER, NOBODY),
            "acting_reason": keep(Kind.CONTENT, PROOF),
        },
        user=("user_id",),
        of_account=True,
    ),
    "refresh_tokens": TableMap(none="token_hash session_id created_at expires_at used_at"),
    "members": TableMap(
        none="tenant_id id department_id person_is_active created_at updated_at version",
        fields={
            "user_id": keep(Kind.IDENTIFIER, NOBODY),
            # Copies, which triggers keep.
            "person_email": pseudonymise(Kind.CONTACT),
            "person_name": pseudonymise(Kind.NAME),
        },
        user=("user_id",),
        of_account=True,
    ),
    "member_roles": TableMap(none="tenant_id member_id role"),
    "api_keys": TableMap(
        none="tenant_id id name prefix token_hash scopes expires_at last_used_at rotated_at previous_hash"
        " previous_expires_at created_at updated_at version deleted_at",
        fields={
            "user_id": keep(Kind.IDENTIFIER, NOBODY),
            "created_by_id": keep(Kind.IDENTIFIER, NOBODY),
        },
        user=("user_id",),
        of_account=True,
        # Personal tokens.
        of_person="user_id",
    ),
    "staff_grants": TableMap(
        none="tenant_id id permissions expires_at created_at updated_at version deleted_at",
        fields={
            "user_id": keep(Kind.IDENTIFIER, NOBODY),
            "email": pseudonymise(Kind.CONTACT),
            "reason": keep(Kind.CONTENT, PROOF),
            "granted_by_id": keep(Kind.IDENTIFIER, NOBODY),
        },
        user=("user_id",),
        email=("email",),
    ),
    "registrations": TableMap(
        none="tenant_id id status company_name product business_country referral_code reason decided_at decided_via"
        " approvals_needed round declared_minor declared_currency deal_minor deal_currency deal_at asked_for waived"
        " assignee_role due_at escalate_at escalations link_serial link_expires_at created_at updated_at version",
        fields={
            "answers": keep(Kind.CONTENT, BUSINESS),
            "assignee_id": keep(Kind.IDENTIFIER, NOBODY),
            "business": keep(Kind.CONTACT, BUSINESS),
            "owner_user_id": keep(Kind.IDENTIFIER, NOBODY),
            "owner_email": pseudonymise(Kind.CONTACT),
            "decided_by": keep(Kind.IDENTIFIER, PROOF),
        },
        user=("owner_user_id",),
        email=("owner_email",),
        stays=PROOF,
    ),
    "registration_requirements": TableMap(
        none="tenant_id id code kind label description product country is_required is_active rule created_at updated_at"
        " version"
    ),
    "registration_documents": TableMap(
        none="tenant_id id registration_id requirement content_type size sha256 created_at updated_at version deleted_at",
        fields={
            "filename": keep(Kind.CONTENT, BUSINESS),
            "content": keep(Kind.CONTENT, BUSINESS),
            "uploaded_by_id": keep(Kind.IDENTIFIER, NOBODY),
        },
        user=("uploaded_by_id",),
    ),
    "registration_checks": TableMap(
        none="tenant_id id registration_id requirement check_name round outcome created_at updated_at version",
        fields={"detail": keep(Kind.CONTENT, BUSINESS)},
    ),
    "registration_rules": TableMap(
        none="tenant_id id name product country from_minor currency approvals deal_counts review_seconds"
        " applicant_seconds repeat_seconds escalate_role is_active created_at updated_at version",
        fields={"escalate_to_id": keep(Kind.IDENTIFIER, NOBODY)},
    ),
    "registration_votes": TableMap(
        none="tenant_id id registration_id round via created_at updated_at version",
        fields={
            "voter_id": keep(Kind.IDENTIFIER, PROOF),
            "right_of_id": keep(Kind.IDENTIFIER, PROOF),
            "reason": keep(Kind.CONTENT, PROOF),
        },
        user=("voter_id", "right_of_id"),
        stays=PROOF,
    ),
    "registration_timeline": TableMap(
        none="tenant_id id registration_id kind is_public created_at updated_at version",
        fields={
            "actor": keep(Kind.IDENTIFIER, PROOF),
            "on_behalf_of_id": keep(Kind.IDENTIFIER, PROOF),
            "message": keep(Kind.CONTENT, PROOF),
            "data": keep(Kind.CONTENT, PROOF),
        },
        user=("on_behalf_of_id",),
        stays=PROOF,
    ),
    "review_delegations": TableMap(
        none="tenant_id id starts_at ends_at created_at updated_at version deleted_at",
        fields={
            "from_user_id": keep(Kind.IDENTIFIER, PROOF),
            "to_user_id": keep(Kind.IDENTIFIER, PROOF),
            "reason": keep(Kind.CONTENT, PROOF),
        },
        user=("from_user_id", "to_user_id"),
    ),
    "provisioning_steps": TableMap(
        none="tenant_id id registration_id name service position run state attempts last_error next_attempt_at done_at"
        " created_at updated_at version"
    ),
    "tenants": TableMap(
        none="tenant_id id name slug status status_reason country currency registration_number website"
        " industry settings sign_in_policy activated_at closed_at kept_until erasure_due_at erased_at created_at updated_at version",
        fields={"phone": keep(Kind.CONTACT, BUSINESS), "address": keep(Kind.CONTACT, BUSINESS)},
        stays=_WHICH,
        emptied="registration_number website industry settings sign_in_policy status_reason",
    ),
    "audit_log": TableMap(
        none="tenant_id id time event_id service action resource resource_id request_id tenant_via seq previous_hash"
        " hash",
        fields={
            "actor": keep(Kind.IDENTIFIER, PROOF),
            "actor_id": keep(Kind.IDENTIFIER, PROOF),
            "acted_as_id": keep(Kind.IDENTIFIER, PROOF),
            "address": keep(Kind.IDENTIFIER, PROOF),
            "user_agent": keep(Kind.IDENTIFIER, PROOF),
            "before": keep(Kind.CONTENT, PROOF),
            "after": keep(Kind.CONTENT, PROOF),
        },
        user=("actor_id", "acted_as_id"),
        # No hash of an entry would fit any more if they were scrubbed, so the entries that name the person are counted.
        documents=("before", "after"),
        stays=PROOF,
    ),
    "audit_chains": TableMap(
        none="tenant_id begun_at seq hash has_all",
        stays=PROOF,
    ),
    "attempt_counters": TableMap(
        none="scope marks pending pending_at locked_until updated_at",
        fields={"subject": keep(Kind.IDENTIFIER, _GUARD)},
    ),
    "passkeys": TableMap(
        none="id rp_id sign_count transports device_type is_backed_up aaguid created_at updated_at version",
        fields={
            "user_id": erase(Kind.IDENTIFIER),
            "name": erase(Kind.CONTENT),
            "credential_id": erase(Kind.IDENTIFIER),
            "public_key": erase(Kind.IDENTIFIER),
            "user_handle": erase(Kind.IDENTIFIER),
            "last_used_at": erase(Kind.CONTENT),
        },
        user=("user_id",),
        deletes=True,
        of_account=True,
    ),
    "passkey_challenges": TableMap(
        none="challenge_hash ceremony rp_id name_hash user_handle created_at expires_at",
        fields={"user_id": erase(Kind.IDENTIFIER)},
        user=("user_id",),
        deletes=True,
        of_account=True,
    ),
    "oidc_providers": TableMap(
        none="tenant_id id code name kind discovery_url client_id sealed_secret scopes directories is_active"
        " created_at updated_at version deleted_at"
    ),
    "oidc_flows": TableMap(
        none="id state_hash browser_hash provider_code provider_tenant_id nonce_hash sealed_verifier redirect_uri return_to"
        " code_challenge shop_id is_remembered created_at expires_at",
        fields={"user_id": erase(Kind.IDENTIFIER), "session_id": erase(Kind.IDENTIFIER)},
        user=("user_id",),
        deletes=True,
        of_account=True,
    ),
    "oidc_codes": TableMap(
        none="code_challenge is_remembered created_at expires_at",
        fields={"user_id": erase(Kind.IDENTIFIER), "code_hash": erase(Kind.SECRET)},
        user=("user_id",),
        deletes=True,
        of_account=True,
    ),
    "oidc_links": TableMap(
        none="id provider_code provider_tenant_id is_claim created_at",
        fields={
            "user_id": erase(Kind.IDENTIFIER),
            "issuer": erase(Kind.IDENTIFIER),
            "subject": erase(Kind.IDENTIFIER),
            "email": erase(Kind.CONTACT),
            "last_used_at": erase(Kind.CONTENT),
        },
        user=("user_id",),
        deletes=True,
        of_account=True,
    ),
    "totp_factors": TableMap(
        none="created_at confirmed_at last_step",
        fields={"id": erase(Kind.IDENTIFIER), "seed": erase(Kind.SECRET)},
        user=("id",),
        deletes=True,
        of_account=True,
    ),
    "recovery_codes": TableMap(
        none="created_at used_at",
        fields={"user_id": erase(Kind.IDENTIFIER), "code_hash": erase(Kind.SECRET)},
        user=("user_id",),
        deletes=True,
        of_account=True,
    ),
    "one_time_links": TableMap(
        none="id purpose created_at expires_at used_at",
        fields={"user_id": erase(Kind.IDENTIFIER), "email": erase(Kind.CONTACT)},
        user=("user_id",),
        email=("email",),
        deletes=True,
        of_account=True,
    ),
    "plans": TableMap(
        none="tenant_id id code name description features limits quotas price_amount currency period trial_days"
        " grace_days fallback is_public rank created_at updated_at version deleted_at"
    ),
    "subscriptions": TableMap(
        none="tenant_id id plan status anchored_at period_starts_at period_ends_at trial_ends_at grace_ends_at ended_at"
        " next_plan previous_plan tried due_at created_at updated_at version",
        stays=BOOKS,
    ),
    "invitations": TableMap(
        none="tenant_id id roles department_id locale status serial sent_at expires_at accepted_at created_at updated_at"
        " version",
        fields={
            "email": pseudonymise(Kind.CONTACT),
            "invited_by_id": keep(Kind.IDENTIFIER, NOBODY),
            "invited_by_name": keep(Kind.NAME, PROOF),
            "accepted_by_id": keep(Kind.IDENTIFIER, NOBODY),
        },
        user=("accepted_by_id",),
        email=("email",),
    ),
    "usage_counters": TableMap(none="tenant_id id code month_on used created_at updated_at version"),
    "usage_claims": TableMap(
        none="tenant_id id counter_id code month_on quantity created_at updated_at version"
    ),
    "privacy_requests": TableMap(
        none="tenant_id id kind status reason next_try_at completed_at expires_at created_at updated_at version",
        fields={
            "user_id": keep(Kind.IDENTIFIER, _ASKED),
            # The flow needs it to its end, and puts the pseudonym there then.
            "email": keep(Kind.CONTACT, _ASKED),
            "requested_by_id": keep(Kind.IDENTIFIER, _ASKED),
        },
        user=("user_id",),
        email=("email",),
        stays=_ASKED,
    ),
    "privacy_receipts": TableMap(
        none="tenant_id id request_id service status attempts last_error erased pseudonymised kept reasons done_at"
        " step place rows created_at updated_at version",
        fields={
            "sealed_part": keep(
                Kind.CONTENT, "encrypted; removed once the export has expired or the person is erased"
            )
        },
        stays=_ASKED,
    ),
    "privacy_parts": TableMap(
        none="tenant_id id receipt_id step created_at updated_at version",
        fields={
            "sealed": keep(
                Kind.CONTENT, "encrypted; removed once the export has expired or the person is erased"
            )
        },
    ),
    "departments": TableMap(none="tenant_id id name description created_at updated_at version"),
    "domains": TableMap(
        none="tenant_id id host token verified_at verified_by checked_at misses created_at updated_at version"
    ),
    "roles": TableMap(
        none="tenant_id id code name description permissions is_system scope created_at updated_at version"
    ),
    "signing_keys": TableMap(none="id public_jwk private_pem created_at retired_at"),
}
