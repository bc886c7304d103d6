"""What identity publishes: registrations, tenants, people and their sessions."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from libs.common.messaging.event import Event
from libs.contracts.values import Business


class RegistrationSubmitted(Event):
    """A business asked to join the platform; it waits for approval."""

    wire_name = "identity.registration_submitted.v1"
    about: ClassVar[tuple[str, str]] = ("registration", "registration_id")

    registration_id: UUID
    company_id: UUID
    company_name: str
    business: Business
    owner_user_id: UUID
    owner_email: str
    owner_first_name: str
    owner_last_name: str
    owner_phone: str | None = None
    product: str
    referral_code: str | None = None
    # Of the link by which the applicant follows it, which identity names to who mails it; none where there is no link.
    link_serial: int | None = None
    link_expires_at: datetime | None = None


class RegistrationChangesRequested(Event):
    """The applicant is asked to change or supply something, or reminded of it."""

    wire_name = "identity.registration_changes_requested.v1"
    about: ClassVar[tuple[str, str]] = ("registration", "registration_id")

    registration_id: UUID
    company_id: UUID
    company_name: str
    owner_user_id: UUID
    owner_email: str
    reason: str | None = None
    asked_for: list[str] = []
    due_at: datetime | None = None
    is_reminder: bool = False
    link_serial: int
    link_expires_at: datetime


class RegistrationResubmitted(Event):
    """The applicant has handed in what was asked for; staff are to look again."""

    wire_name = "identity.registration_resubmitted.v1"
    about: ClassVar[tuple[str, str]] = ("registration", "registration_id")

    registration_id: UUID
    company_id: UUID
    company_name: str
    assignee_id: UUID | None = None
    assignee_role: str | None = None
    # What the applicant says of its business now.
    business: Business | None = None


class RegistrationAssigned(Event):
    """Somebody of the staff was given a registration to review."""

    wire_name = "identity.registration_assigned.v1"
    about: ClassVar[tuple[str, str]] = ("registration", "registration_id")

    registration_id: UUID
    company_name: str
    assignee_id: UUID


class RegistrationEscalated(Event):
    """A registration has waited too long; whoever is named takes it over, or sees to it."""

    wire_name = "identity.registration_escalated.v1"
    about: ClassVar[tuple[str, str]] = ("registration", "registration_id")

    registration_id: UUID
    company_name: str
    waiting_for: str
    assignee_id: UUID | None = None
    assignee_role: str | None = None
    escalations: int


class StatusLinkRenewed(Event):
    """The link by which an applicant follows a registration was replaced; the one before is no longer good."""

    wire_name = "identity.status_link_renewed.v1"
    about: ClassVar[tuple[str, str]] = ("registration", "registration_id")

    registration_id: UUID
    company_id: UUID
    company_name: str
    owner_user_id: UUID
    owner_email: str
    link_serial: int
    link_expires_at: datetime


class ProvisioningRequested(Event):
    """A step of setting up an approved business is to be done, again where it was done before."""

    wire_name = "identity.provisioning_requested.v1"
    about: ClassVar[tuple[str, str]] = ("tenant", "company_id")

    company_id: UUID
    company_name: str
    registration_id: UUID
    step: str
    run: int
    product: str
    owner_email: str
    country: str | None = None


class RegistrationRejected(Event):
    """A registration was turned down."""

    wire_name = "identity.registration_rejected.v1"
    about: ClassVar[tuple[str, str]] = ("registration", "registration_id")

    registration_id: UUID
    company_id: UUID
    company_name: str
    owner_user_id: UUID
    owner_email: str
    reason: str | None = None
    # The last run of setting it up: what was set up by a later one stays. None where runs were not counted.
    provisioning_run: int | None = None


class TenantActivated(Event):
    """A business was approved and may trade."""

    wire_name = "identity.tenant_activated.v1"
    about: ClassVar[tuple[str, str]] = ("tenant", "company_id")
    is_broadcast = True

    company_id: UUID
    company_name: str
    owner_user_id: UUID
    owner_email: str
    registration_id: UUID | None = None
    country: str | None = None
    currency: str
    # Of the steps that are counted as they are confirmed; None where none are.
    provisioning_run: int | None = None


class TenantSuspended(Event):
    """A business may no longer trade, until it is reactivated."""

    wire_name = "identity.tenant_suspended.v1"
    about: ClassVar[tuple[str, str]] = ("tenant", "company_id")
    is_broadcast = True

    company_id: UUID
    company_name: str
    reason: str | None = None


class TenantReactivated(Event):
    """A suspended business may trade again."""

    wire_name = "identity.tenant_reactivated.v1"
    about: ClassVar[tuple[str, str]] = ("tenant", "company_id")
    is_broadcast = True

    company_id: UUID
    company_name: str


class TenantErasureDue(Event):
    """A closed business was kept for as long as it is to be: every service erases what it has of it.

    Identity asks them one by one, and has a receipt of each; whoever else keeps something hears it here.
    """

    wire_name = "identity.tenant_erasure_due.v1"
    about: ClassVar[tuple[str, str]] = ("tenant", "company_id")

    company_id: UUID
    company_name: str
    closed_at: datetime


class MemberAdded(Event):
    """A person belongs to a business from now on: staff, owner, or a client of its shop."""

    wire_name = "identity.member_added.v1"
    about: ClassVar[tuple[str, str]] = ("user", "user_id")
    is_broadcast = True

    company_id: UUID
    user_id: UUID
    email: str
    first_name: str
    last_name: str
    phone: str | None = None
    locale: str = "en"
    roles: list[str]


class MemberChanged(Event):
    """A member's name, address or roles changed; the fields hold what is true now."""

    wire_name = "identity.member_changed.v1"
    about: ClassVar[tuple[str, str]] = ("user", "user_id")
    is_broadcast = True

    company_id: UUID
    user_id: UUID
    email: str
    first_name: str
    last_name: str
    phone: str | None = None
    locale: str = "en"
    roles: list[str]


class MemberRemoved(Event):
    """A person no longer belongs to a business."""

    wire_name = "identity.member_removed.v1"
    about: ClassVar[tuple[str, str]] = ("user", "user_id")
    is_broadcast = True

    company_id: UUID
    user_id: UUID


class AccessChanged(Event):
    """What somebody may do may have changed: whoever remembers it must ask again.

    It names a person, a business (for all who act in it), or a key; none of them means everybody.
    """

    wire_name = "identity.access_changed.v1"
    about: ClassVar[tuple[str, str]] = ("access", "whose")
    is_broadcast = True

    whose: str
    user_id: UUID | None = None
    company_id: UUID | None = None
    key_id: UUID | None = None

    @classmethod
    def of(
        cls, *, user_id: UUID | None = None, company_id: UUID | None = None, key_id: UUID | None = None
    ) -> "AccessChanged":
        """Of one of these, or of everybody."""
        whose = str(key_id or user_id or company_id or "everybody")
        return cls(whose=whose, user_id=user_id, company_id=company_id, key_id=key_id)


class PlanChanged(Event):
    """A business has another plan from now on, or its subscription another status; what it may use has changed.

    `status` is trial, active, grace or ended. `reason` is started, changed, period_ended, trial_ended, payment_failed,
    payment_received or grace_ended. The price is of one period (`month` or `year`), in minor units.
    """

    wire_name = "identity.plan_changed.v1"
    about: ClassVar[tuple[str, str]] = ("tenant", "company_id")
    is_broadcast = True

    company_id: UUID
    plan: str
    previous_plan: str | None = None
    status: str
    reason: str
    price_amount: int = 0
    price_currency: str
    period: str
    period_ends_at: datetime | None = None


class DomainProofMissing(Event):
    """The DNS does not show the proof of a host name any more; with `is_lost` it leads nowhere from now on.

    It is told at the first look without the proof, and when the host name is lost at `lost_at`.
    """

    wire_name = "identity.domain_proof_missing.v1"
    about: ClassVar[tuple[str, str]] = ("domain", "domain_id")

    company_id: UUID
    domain_id: UUID
    host: str
    record: str
    is_lost: bool
    lost_at: datetime


class InvitationSent(Event):
    """Somebody is to get a mail with a link by which to join a business.

    The link itself is not in it: who sends the mail asks identity for it at that moment.
    """

    wire_name = "identity.invitation_sent.v1"
    about: ClassVar[tuple[str, str]] = ("invitation", "invitation_id")

    invitation_id: UUID
    serial: int
    company_id: UUID
    company_name: str
    email: str
    invited_by_name: str | None = None
    locale: str = "en"
    expires_at: datetime


class SessionRevoked(Event):
    """A sign-in ended; its tokens are no longer good."""

    wire_name = "identity.session_revoked.v1"
    about: ClassVar[tuple[str, str]] = ("session", "session_id")
    is_broadcast = True

    session_id: UUID
    user_id: UUID
    reason: str


class OneTimeLinkMade(Event):
    """Somebody is to get a mail with a link that works once: `password_reset`, `email_verification` or `magic_link`.

    The link itself is not in it: who sends the mail asks identity for it at that moment.
    """

    wire_name = "identity.one_time_link_made.v1"
    about: ClassVar[tuple[str, str]] = ("user", "user_id")

    link_id: UUID
    user_id: UUID
    purpose: str
    email: str
    name: str
    locale: str = "en"
    valid_minutes: int


# What a gateway listens to, since it remembers for a while who may do what.
CHANGES_OF_ACCESS: tuple[type[Event], ...] = (
    AccessChanged,
    SessionRevoked,
    MemberAdded,
    MemberChanged,
    MemberRemoved,
    TenantActivated,
    TenantSuspended,
    TenantReactivated,
    PlanChanged,
)
