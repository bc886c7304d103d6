"""Which providers there are. One more is one more line here."""

from collections.abc import Callable

from libs.common.clock import Clock
from services.analytics.assistant.providers.base import LanguageModel
from services.analytics.settings import OPENAI, AnalyticsSettings


def make_model(settings: AnalyticsSettings, clock: Clock) -> LanguageModel | None:
    """The language model that the settings name; None where they lack something."""
    if settings.assistant_lacks or settings.assistant_model is None:
        return None
    # Loaded only where they are used.
    from services.analytics.assistant.providers.api import Api
    from services.analytics.assistant.providers.openai_chat import OpenAIChat
    from services.analytics.assistant.providers.openai_responses import OpenAIResponses

    key = settings.assistant_api_key
    api = Api(
        settings.assistant_base_url,
        key.get_secret_value() if key is not None else None,
        clock,
        silence=settings.assistant_silence_seconds,
        first_wait=settings.assistant_retry_seconds,
    )
    # Other servers know the limit of a reply by its older name.
    is_openai = settings.assistant_base_url.rstrip("/") == OPENAI
    makers: dict[str, Callable[[str], LanguageModel]] = {
        "openai_responses": lambda model: OpenAIResponses(api, model, streams=settings.assistant_stream),
        "openai_chat": lambda model: OpenAIChat(
            api,
            model,
            streams=settings.assistant_stream,
            limit_field="max_completion_tokens" if is_openai else "max_tokens",
        ),
    }
    return makers[settings.assistant_provider](settings.assistant_model)
