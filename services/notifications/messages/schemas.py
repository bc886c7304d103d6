"""Bodies of messages."""

from typing import Any, Literal
from uuid import UUID

from pydantic import EmailStr, Field, model_validator

from libs.common.schema import OutSchema, Schema
from services.notifications.deliveries.models import DeliveryStatus
from services.notifications.templates.schemas import Html, Locale, Type


class MessageSend(Schema):
    """One message: to a member or an address, with the text of a notification type or one of its own."""

    to_user_id: UUID | None = None
    to_email: EmailStr | None = None
    channel: Literal["email", "push"] = Field("email", description="A push goes to each device of a member")
    type: Type | None = Field(None, description="Use the text of this notification type")
    locale: Locale | None = Field(None, description="Language of the text; the member's own unless named")
    variables: dict[str, Any] = Field(default_factory=dict, description="Values for the text of the type")
    subject: str | None = Field(None, min_length=1, max_length=200)
    text: str | None = Field(None, min_length=1, max_length=50_000)
    html: Html | None = None

    @model_validator(mode="after")
    def _one_of_each(self) -> "MessageSend":
        if (self.to_user_id is None) == (self.to_email is None):
            raise ValueError("name either to_user_id or to_email")
        if self.channel == "push" and self.to_user_id is None:
            raise ValueError("a push needs to_user_id")
        own = self.subject is not None and self.text is not None
        partly = self.subject is not None or self.text is not None or self.html is not None
        if own == (self.type is not None) or (self.type is not None and partly):
            raise ValueError("send either type, or subject and text")
        return self


class MessageDelivery(OutSchema):
    """One delivery of a message."""

    id: UUID
    channel: str
    status: DeliveryStatus


class MessageOut(OutSchema):
    """What was started; `GET /deliveries/{id}` tells what came of it."""

    deliveries: list[MessageDelivery]
