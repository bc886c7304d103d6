"""The identity service on one page."""

from pathlib import Path

from libs.common.jobs.job import Job
from libs.common.messaging.subscription import in_batches, on
from libs.common.runtime.service import Service
from libs.contracts.crm import DealAmountChanged, DealCreated, DealLost, DealMoved, DealReopened, DealWon
from libs.contracts.identity import TenantActivated
from libs.contracts.provisioning import STEP_PROVISIONED
from services.identity.access.router import router as access
from services.identity.api_keys.router import router as api_keys
from services.identity.api_keys.tokens_router import router as personal_tokens
from services.identity.attempts.jobs import forget_attempts
from services.identity.audit_log.handlers import record_audit
from services.identity.audit_log.router import router as audit_log
from services.identity.auth.router import router as auth
from services.identity.db import MODELS, metadata
from services.identity.departments.router import router as departments
from services.identity.domains.jobs import look_at_proofs_again, unwatched
from services.identity.domains.proofs import open_proofs
from services.identity.domains.router import router as domains
from services.identity.dropdowns import router as dropdowns
from services.identity.encrypted import ENCRYPTED
from services.identity.invariants import INVARIANTS
from services.identity.invitations.jobs import expire_invitations, expiring
from services.identity.invitations.router import acceptance, for_services
from services.identity.invitations.router import router as invitations
from services.identity.members.jobs import copy_people, uncopied
from services.identity.members.router import router as members
from services.identity.mfa.router import router as second_factors
from services.identity.oidc.client import open_oidc
from services.identity.oidc.jobs import forget_oidc_flows
from services.identity.oidc.router import router as oidc
from services.identity.oidc_providers.router import router as oidc_providers
from services.identity.one_time_links.jobs import forget_links, mail_link
from services.identity.one_time_links.router import for_services as one_time_links_for_services
from services.identity.one_time_links.router import router as one_time_links
from services.identity.passkeys.jobs import forget_challenges
from services.identity.passkeys.router import router as passkeys
from services.identity.plans.router import router as plans
from services.identity.privacy import PRIVACY
from services.identity.privacy_requests.figures import measure_requests
from services.identity.privacy_requests.jobs import (
    closing,
    due,
    erase_closed_tenants,
    forget_privacy_exports,
    run_privacy_requests,
)
from services.identity.privacy_requests.router import closings
from services.identity.privacy_requests.router import router as privacy_requests
from services.identity.privacy_requests.service import JOB as RUN_PRIVACY_REQUESTS
from services.identity.registrations.handlers import (
    on_deal_lost,
    on_deal_reopened,
    on_deal_won,
    on_deal_worth,
)
from services.identity.registrations.provisioning.figures import measure_provisioning
from services.identity.registrations.provisioning.handlers import on_step_provisioned
from services.identity.registrations.provisioning.jobs import retry_provisioning, unconfirmed
from services.identity.registrations.requirements.router import router as registration_requirements
from services.identity.registrations.reviews.jobs import escalate_registrations, waiting_too_long
from services.identity.registrations.reviews.router import router as reviews
from services.identity.registrations.router import router as registrations
from services.identity.registrations.rules.router import router as registration_rules
from services.identity.registrations.status.router import for_services as registration_status_for_services
from services.identity.registrations.status.router import router as registration_status
from services.identity.registrations.status.stream import open_status_streams
from services.identity.roles.router import router as roles
from services.identity.seed import seed
from services.identity.sessions.jobs import forget_sessions
from services.identity.sessions.router import for_services as sessions_for_services
from services.identity.sessions.router import management as session_management
from services.identity.sessions.router import router as sessions
from services.identity.settings import IdentitySettings
from services.identity.sign_in_policies.router import router as sign_in_policies
from services.identity.signing_keys.jobs import rotate_signing_keys, withdraw_signing_key
from services.identity.signing_keys.router import router as signing_keys
from services.identity.staff_grants.router import router as staff_grants
from services.identity.subscriptions.handlers import on_tenant_activated
from services.identity.subscriptions.jobs import move_subscriptions, moving
from services.identity.subscriptions.router import router as subscriptions
from services.identity.tenants.jobs import ending, mark_closed_tenants
from services.identity.tenants.router import router as tenants
from services.identity.usage.jobs import forget_claims
from services.identity.usage.router import router as usage
from services.identity.users.router import router as users

SERVICE = Service(
    name="identity",
    description="Users, tenants, sessions, roles and registrations: who may do what, for whom.",
    settings=IdentitySettings,
    metadata=metadata,
    models=MODELS,
    migrations=Path(__file__).parent / "migrations",
    routers=(
        access,
        dropdowns,
        signing_keys,
        reviews,
        registration_status,
        registration_status_for_services,
        registrations,
        registration_requirements,
        registration_rules,
        sessions,
        session_management,
        sessions_for_services,
        users,
        auth,
        passkeys,
        oidc,
        oidc_providers,
        tenants,
        sign_in_policies,
        members,
        departments,
        domains,
        roles,
        api_keys,
        personal_tokens,
        second_factors,
        one_time_links,
        one_time_links_for_services,
        staff_grants,
        invitations,
        acceptance,
        for_services,
        plans,
        subscriptions,
        usage,
        audit_log,
        privacy_requests,
        closings,
    ),
    subscriptions=(
        on(DealWon, "identity.activate_tenant", on_deal_won),
        on(DealLost, "identity.reject_registration", on_deal_lost),
        on(TenantActivated, "identity.begin_plan", on_tenant_activated, is_new=True),
        on(
            (DealCreated, DealMoved, DealAmountChanged),
            "identity.note_worth_of_deal",
            on_deal_worth,
            is_new=True,
        ),
        on(DealReopened, "identity.withdraw_approval", on_deal_reopened, is_new=True),
        on(tuple(STEP_PROVISIONED.values()), "identity.note_step_provisioned", on_step_provisioned),
        in_batches((), "identity.record_audit", record_audit, spacing=0.5),
    ),
    jobs=(
        Job("rotate_signing_keys", rotate_signing_keys, every=3600),
        Job("withdraw_signing_key", withdraw_signing_key),
        Job("forget_sessions", forget_sessions, every=60),
        Job("forget_attempts", forget_attempts, every=60),
        Job(RUN_PRIVACY_REQUESTS, run_privacy_requests, every=5, lease=600, finds=due),
        Job("erase_closed_tenants", erase_closed_tenants, every=5, lease=600, finds=closing),
        Job("forget_privacy_exports", forget_privacy_exports, every=600),
        Job("forget_challenges", forget_challenges, every=60),
        Job("move_subscriptions", move_subscriptions, every=5, finds=moving),
        Job("expire_invitations", expire_invitations, every=60, finds=expiring),
        Job("mark_closed_tenants", mark_closed_tenants, every=60, finds=ending),
        Job("look_at_proofs_again", look_at_proofs_again, every=60, lease=120, finds=unwatched),
        Job("copy_people", copy_people, every=1, finds=uncopied),
        Job("forget_claims", forget_claims, every=3600),
        Job("forget_links", forget_links, every=3600),
        Job("mail_link", mail_link),
        Job("forget_oidc_flows", forget_oidc_flows, every=60),
        Job("escalate_registrations", escalate_registrations, every=5, finds=waiting_too_long),
        Job("retry_provisioning", retry_provisioning, every=5, finds=unconfirmed),
    ),
    resources={"proofs": open_proofs, "oidc": open_oidc, "status_streams": open_status_streams},
    permissions={
        "identity.api_keys.read": "See the API keys of the business",
        "identity.api_keys.write": "Make, change, rotate and revoke API keys",
        "identity.applications.read": "See the application of one's own business, with its documents",
        "identity.applications.write": "Hand in the application of one's own business again",
        "identity.audit_log.read": "See who did what",
        "identity.company.write": "Change one's own business and its settings",
        "identity.departments.read": "See departments",
        "identity.departments.write": "Add, change and remove departments",
        "identity.domains.read": "See the host names of the business",
        "identity.domains.write": "Add, change and remove host names",
        "identity.impersonations.write": "Act as another person for a while",
        "identity.invitations.read": "See whom the business has invited",
        "identity.invitations.write": "Invite people by mail, into roles that one may give",
        "identity.members.read": "See who belongs to the business",
        "identity.members.write": "Add and remove members, and change their roles",
        "identity.oidc_providers.read": "See the providers of outside accounts of the business",
        "identity.oidc_providers.write": "Say with which providers one signs in to the business",
        "identity.owners.write": "Make and remove owners",
        "identity.plans.write": "Add, change and remove the plans of the platform",
        "identity.registration_rules.read": "See what applications need, and who decides on them by when",
        "identity.registration_rules.write": "Change what applications need, and who decides on them by when",
        "identity.privacy.read": "See requests to hand out and erase people's data",
        "identity.privacy.write": "Hand out and erase people's data",
        "identity.registrations.read": "See the applications of businesses",
        "identity.registrations.decide": "Approve, reject and send back applications",
        "identity.roles.read": "See roles and permissions",
        "identity.roles.write": "Add, change and remove roles",
        "identity.signing_keys.read": "See which keys sign access tokens",
        "identity.signing_keys.write": "Withdraw a signing key that has leaked",
        "identity.staff_grants.read": "See whom of the staff the business has let in",
        "identity.staff_grants.write": "Let staff into a business for a time, and end it",
        "identity.subscription.read": "See the plan of the business, and how much of it is used",
        "identity.subscription.write": "Choose another plan for the business",
        "identity.subscriptions.bill": "Say whether a business paid for its plan",
        "identity.tenants.read": "See all businesses of the platform",
        "identity.tenants.write": "Set up, change and close businesses",
        "identity.tenants.suspend": "Suspend and reactivate businesses",
        "identity.users.read": "See the people of the business",
        "identity.users.write": "Add people, and change their accounts",
    },
    encrypted=ENCRYPTED,
    invariants=INVARIANTS,
    measures=(measure_provisioning, measure_requests),
    seed=seed,
    privacy=PRIVACY,
)
