"""The settings of the analytics service, read from ANALYTICS_* variables."""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from libs.common.settings import ServiceSettings

OPENAI = "https://api.openai.com/v1"


class AnalyticsSettings(ServiceSettings):
    """What the analytics service can be told from outside."""

    model_config = SettingsConfigDict(env_prefix="ANALYTICS_", env_file=".env", extra="ignore")

    assistant_provider: Literal["offline", "openai_responses", "openai_chat"] = Field(
        "offline",
        description="Which API answers questions: OpenAI's Responses, Chat Completions (also of Ollama, vLLM and others, by "
        "their address), or none: answers by rules",
    )
    assistant_base_url: str = Field(OPENAI, description="Address of that API, up to and with its version")
    assistant_api_key: SecretStr | None = Field(
        None, description="Key for that API; servers of one's own may need none"
    )
    assistant_model: str | None = Field(None, description="Name of the language model")
    assistant_stream: bool = Field(True, description="Whether the API is asked to answer in parts")
    assistant_timeout: float = Field(
        45, gt=0, description="Seconds that an answer may take in all; then rules answer"
    )
    assistant_silence_seconds: float = Field(20, gt=0, description="Seconds without any part of an answer")
    assistant_retry_seconds: float = Field(
        0.5, ge=0, description="First wait before a repeat after the API failed; doubles each time"
    )
    assistant_max_rounds: int = Field(6, ge=1, le=20, description="How often a question may lead to figures")
    assistant_max_output_tokens: int = Field(1500, ge=16, description="Tokens of one reply of the model")
    assistant_monthly_tokens: int = Field(
        2_000_000, ge=0, description="Tokens that one business may use in a month (UTC)"
    )
    assistant_wait_seconds: float = Field(
        10, ge=0, description="How long a question waits for its answer; then it comes over the stream only"
    )
    assistant_retention_days: float = Field(
        365, gt=0, description="Conversations that nobody has used for so long are removed"
    )
    assistant_stream_seconds: float = Field(
        900, gt=0, description="How long one event stream lasts before the client must connect again"
    )
    assistant_stream_poll_seconds: float = Field(
        0.5, gt=0, description="How often a stream looks for events of other processes"
    )
    assistant_stream_heartbeat_seconds: float = Field(
        15, gt=0, description="Time between comments on an idle stream"
    )
    assistant_streams_per_user: int = Field(10, ge=1, description="Open streams of one user in one process")

    @property
    def assistant_lacks(self) -> tuple[str, ...]:
        """The variables that have to be set before a language model answers; none where one does."""
        lacking = []
        if self.assistant_provider == "offline":
            lacking.append("ANALYTICS_ASSISTANT_PROVIDER")
        if not self.assistant_model:
            lacking.append("ANALYTICS_ASSISTANT_MODEL")
        is_own = self.assistant_base_url.rstrip("/") != OPENAI
        if self.assistant_api_key is None and (self.assistant_provider == "offline" or not is_own):
            lacking.append("ANALYTICS_ASSISTANT_API_KEY")
        return tuple(lacking)
