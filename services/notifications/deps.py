"""The aliases that notifications routers use in their signatures."""

from typing import Annotated

from fastapi import Depends

from libs.common.http.deps import provide
from services.notifications.deliveries.service import DeliveryService
from services.notifications.devices.service import DeviceService
from services.notifications.mailbox.service import MailboxService
from services.notifications.messages.service import MessageService
from services.notifications.notices.service import NoticeService
from services.notifications.preferences.service import PreferenceService
from services.notifications.sandbox.service import SandboxService
from services.notifications.templates.service import TemplateService

Notices = Annotated[NoticeService, Depends(provide(NoticeService), scope="function")]
Preferences = Annotated[PreferenceService, Depends(provide(PreferenceService), scope="function")]
Devices = Annotated[DeviceService, Depends(provide(DeviceService), scope="function")]
Templates = Annotated[TemplateService, Depends(provide(TemplateService), scope="function")]
Messages = Annotated[MessageService, Depends(provide(MessageService), scope="function")]
Deliveries = Annotated[DeliveryService, Depends(provide(DeliveryService), scope="function")]
Mailbox = Annotated[MailboxService, Depends(provide(MailboxService), scope="function")]
Sandbox = Annotated[SandboxService, Depends(provide(SandboxService), scope="function")]
