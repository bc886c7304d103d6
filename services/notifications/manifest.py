"""The notifications service on one page."""

from pathlib import Path

from libs.common.messaging.subscription import on
from libs.common.runtime.service import Service
from libs.contracts.identity import MemberAdded, MemberChanged, MemberRemoved
from services.notifications.announcements.jobs import JOBS as ANNOUNCEMENT_JOBS
from services.notifications.announcements.subscriptions import SUBSCRIPTIONS
from services.notifications.channels.registry import open_channels
from services.notifications.db import MODELS, metadata
from services.notifications.deliveries import invariants as delivery_invariants
from services.notifications.deliveries.jobs import JOBS as DELIVERY_JOBS
from services.notifications.deliveries.router import router as deliveries
from services.notifications.devices.router import router as devices
from services.notifications.dropdowns import router as dropdowns
from services.notifications.mailbox.router import router as mailbox
from services.notifications.messages.router import router as messages
from services.notifications.notices import invariants as notice_invariants
from services.notifications.notices.feed import open_feed
from services.notifications.notices.router import router as notices
from services.notifications.preferences.router import router as preferences
from services.notifications.privacy import PRIVACY
from services.notifications.recipients.handlers import on_member
from services.notifications.sandbox.router import router as sandbox
from services.notifications.settings import NotificationsSettings
from services.notifications.templates.router import router as templates

SERVICE = Service(
    name="notifications",
    description="In-app inbox, e-mail, push, preferences and templates.",
    settings=NotificationsSettings,
    metadata=metadata,
    models=MODELS,
    migrations=Path(__file__).parent / "migrations",
    routers=(
        notices,
        preferences,
        devices,
        sandbox,
        templates,
        messages,
        deliveries,
        mailbox,
        dropdowns,
    ),
    subscriptions=(
        on((MemberAdded, MemberChanged, MemberRemoved), "notifications.keep_recipient", on_member),
        *SUBSCRIPTIONS,
    ),
    jobs=(*DELIVERY_JOBS, *ANNOUNCEMENT_JOBS),
    resources={"channels": open_channels, "feed": open_feed},
    permissions={
        "notifications.inbox.read": "See one's own notifications",
        "notifications.inbox.write": "Mark one's own notifications as read and put them away",
        "notifications.devices.write": "Register one's own devices for pushes",
        "notifications.settings.read": "See one's own notification settings",
        "notifications.settings.write": "Change one's own notification settings",
        "notifications.templates.read": "See the texts of notifications",
        "notifications.templates.write": "Change the texts of notifications, and send tests",
        "notifications.messages.write": "Send single messages",
        "notifications.deliveries.read": "See what became of mails and pushes",
        "notifications.mailbox.read": "Read mails and pushes that were simulated",
    },
    invariants=(*delivery_invariants.INVARIANTS, *notice_invariants.INVARIANTS),
    privacy=PRIVACY,
)
