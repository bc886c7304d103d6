"""Bodies and queries of conversations."""

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import Field, field_validator

from libs.common.filters import ListQuery
from libs.common.schema import OutSchema, PatchSchema, Schema
from services.analytics.assistant.figures import Figure

Title = Annotated[str, Field(min_length=1, max_length=200, examples=["How is March going?"])]
SystemPrompt = Annotated[
    str,
    Field(
        max_length=4000,
        description="How you would like answers to be; it opens nothing that you may not see",
        examples=["Answer briefly."],
    ),
]


class ConversationCreate(Schema):
    """A new conversation; also the whole of it in a PUT."""

    title: Title
    system_prompt: SystemPrompt | None = None


class ConversationUpdate(PatchSchema):
    """The fields to change; one that is absent stays, one that is null is emptied."""

    title: Title = Field(default_factory=str)
    system_prompt: SystemPrompt | None = None


class ConversationOut(OutSchema):
    """A conversation. `last_event_id` is the id of the newest event of its stream."""

    id: UUID
    title: str
    system_prompt: str | None
    user_id: UUID
    message_count: int
    last_message_at: datetime | None
    last_event_id: int = Field(validation_alias="last_event")
    version: int
    created_at: datetime
    updated_at: datetime


class ConversationQuery(ListQuery):
    """How to list conversations."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "title")
    searchable: ClassVar[tuple[str, ...]] = ("title",)

    created_at_from: datetime | None = None
    created_at_to: datetime | None = None


class MessageQuery(ListQuery):
    """How to list the messages of a conversation, the oldest first."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    default_order: ClassVar[str] = "created_at"
    searchable: ClassVar[tuple[str, ...]] = ("content",)


class ToolCall(OutSchema):
    """One look at figures: which tool, with what, what it read, and what it ended in (`ok` or the slug of a problem)."""

    name: str = Field(examples=["dashboard"])
    arguments: dict[str, Any]
    path: str | None = Field(None, examples=["/api/v1/analytics/dashboard"])
    status: str = Field(examples=["ok"])


class Usage(OutSchema):
    """Tokens that the language model has counted for an answer."""

    input_tokens: int
    output_tokens: int
    total_tokens: int


class MessageOut(OutSchema):
    """A question or an answer.

    `degraded` answers were made by rules, without a language model, for the `reason` given; `notice` says so.
    """

    id: UUID
    conversation_id: UUID
    role: str = Field(description="`user` asks, `assistant` answers", examples=["assistant"])
    status: str = Field(
        description="Of a question: answering, answered or failed; of an answer: completed",
        examples=["completed"],
    )
    content: str = Field(examples=["Revenue: ZAR 1,250.00"])
    figures: list[Figure]
    tool_calls: list[ToolCall]
    provider: str | None = Field(examples=["offline"])
    model: str | None = Field(examples=["rules"])
    usage: Usage
    degraded: bool
    reason: str | None
    notice: str | None
    question_id: UUID | None
    created_at: datetime


class AskIn(Schema):
    """A question to the assistant."""

    prompt: Annotated[str, Field(min_length=1, max_length=4000, examples=["What is our revenue this month?"])]
    tz: Annotated[
        str, Field(max_length=64, description="IANA time zone of the days asked about", examples=["UTC"])
    ] = "UTC"
    wait: Annotated[
        bool, Field(description="false answers at once with 202; the answer comes over the stream")
    ] = True

    @field_validator("tz")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("not an IANA time zone such as Africa/Johannesburg")
        return value


class AskOut(OutSchema):
    """What came of a question. While it is being worked on (202), `answer` and `message` are null."""

    conversation_id: UUID
    status: str = Field(description="answered or answering", examples=["answered"])
    answer: str | None
    figures: list[Figure]
    provider: str | None
    model: str | None
    degraded: bool
    reason: str | None
    notice: str | None
    usage: Usage
    message: MessageOut | None = Field(description="The answer")
    question: MessageOut
