"""The clients of language models."""

import pytest

from libs.common.clock import SystemClock
from services.analytics.assistant.providers import errors
from services.analytics.assistant.providers.api import Api
from services.analytics.assistant.providers.base import LanguageModel, ProviderFailed, ToolCall, ToolOutput
from services.analytics.assistant.providers.openai_chat import OpenAIChat
from services.analytics.assistant.providers.openai_responses import OpenAIResponses
from services.analytics.assistant.providers.registry import make_model
from services.analytics.settings import AnalyticsSettings
from services.analytics.tests.assistant.model_suite import FIGURES, ModelSuite, asking, said


class Streaming(ModelSuite):
    """What streams owe beside."""

    async def test_a_stream_that_breaks_off_is_not_taken_for_whole(self) -> None:
        async with self.opened("sim-cut") as (client, simulator, _):
            with pytest.raises(ProviderFailed, match=errors.CUT):
                await said(client, asking(may_call=False))
            # Something had come, so it is not asked for again.
            assert len(simulator.requests) == 1

    async def test_a_stream_that_falls_silent_is_given_up(self) -> None:
        async with self.opened("sim-silent", silence=0.05) as (client, _, _):
            with pytest.raises(ProviderFailed, match=errors.LATE):
                await said(client, asking(may_call=False))


class TestResponses(Streaming):
    """The Responses API as a stream."""

    def make(self, api: Api, model: str) -> LanguageModel:
        """The client."""
        return OpenAIResponses(api, model)

    async def test_nothing_is_kept_there(self) -> None:
        async with self.opened("sim") as (client, simulator, _):
            call = ToolCall("call_0", "dashboard", "{}")
            await said(client, asking(call, ToolOutput("call_0", FIGURES)))
            [(path, body)] = simulator.requests

        assert path == "/v1/responses"
        assert body["store"] is False
        assert body["instructions"] == "Be brief."
        assert [item.get("type", "message") for item in body["input"]] == [
            "message",
            "function_call",
            "function_call_output",
        ]


class TestResponsesInOnePiece(ModelSuite):
    """The Responses API without a stream."""

    def make(self, api: Api, model: str) -> LanguageModel:
        """The client."""
        return OpenAIResponses(api, model, streams=False)


class TestChat(Streaming):
    """The Chat Completions API as a stream."""

    def make(self, api: Api, model: str) -> LanguageModel:
        """The client."""
        return OpenAIChat(api, model, limit_field="max_tokens")

    async def test_calls_are_said_by_the_model_and_outputs_by_tools(self) -> None:
        async with self.opened("sim") as (client, simulator, _):
            calls = [ToolCall(f"call_{n}", "dashboard", "{}") for n in range(2)]
            await said(client, asking(*calls, *(ToolOutput(call.id, FIGURES) for call in calls)))
            [(path, body)] = simulator.requests

        assert path == "/v1/chat/completions"
        assert [message["role"] for message in body["messages"]] == [
            "system",
            "user",
            "assistant",
            "tool",
            "tool",
        ]
        assert len(body["messages"][2]["tool_calls"]) == 2
        assert body["max_tokens"] == 100


class TestChatInOnePiece(ModelSuite):
    """The Chat Completions API without a stream."""

    def make(self, api: Api, model: str) -> LanguageModel:
        """The client."""
        return OpenAIChat(api, model, streams=False)


def settings(**fields: object) -> AnalyticsSettings:
    """Settings of the assistant."""
    return AnalyticsSettings(_env_file=None, **{f"assistant_{name}": value for name, value in fields.items()})


def test_settings_say_what_they_lack() -> None:
    provider, model, key = (f"ANALYTICS_ASSISTANT_{name}" for name in ("PROVIDER", "MODEL", "API_KEY"))
    own = {"base_url": "http://127.0.0.1:11434/v1"}

    assert settings().assistant_lacks == (provider, model, key)
    assert settings(provider="openai_responses").assistant_lacks == (model, key)
    assert settings(provider="openai_responses", model="m").assistant_lacks == (key,)
    assert settings(provider="openai_chat", model="m", **own).assistant_lacks == ()
    assert settings(provider="openai_responses", model="m", api_key="k").assistant_lacks == ()
    assert make_model(settings(), SystemClock()) is None
    made = make_model(settings(provider="openai_chat", model="m", **own), SystemClock())
    assert made is not None
    assert (made.name, made.model) == ("openai_chat", "m")


def test_the_key_is_not_shown_with_the_settings() -> None:
    assert "hush" not in repr(settings(api_key="hush"))
