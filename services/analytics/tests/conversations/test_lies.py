"""A language model's service that lies, or has gone mad: whoever asks gets an answer all the same, and no lie of it."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from services.analytics.assistant.model.answering import UNFOUNDED
from services.analytics.assistant.providers import errors
from services.analytics.tests.conftest import OpenContext
from services.analytics.tests.conversations.liar import Liar, completion
from services.analytics.tests.conversations.test_asking import MARCH, asked, sell


@pytest.fixture(scope="session")
async def liar() -> AsyncIterator[Liar]:
    """The vendor's API."""
    async with Liar().running() as running:
        yield running


@pytest.fixture
async def lied_to(liar: Liar, open_context: OpenContext, tenant_id: UUID) -> Any:
    """Opens a client of a service that uses the liar's model."""

    async def make(provider: str = "openai_chat") -> Client:
        context = await open_context(
            assistant_provider=provider,
            assistant_model="liar",
            assistant_base_url=liar.url,
            assistant_api_key="a-key",
            assistant_stream=False,
        )
        return Client(context, user(tenant_id))

    return make


CHAT = (
    {"choices": ["x"]},
    {"choices": 7},
    {"choices": {"a": 1}},
    {"choices": [{"message": "x", "finish_reason": "stop"}]},
    {"choices": [{"message": {"tool_calls": ["x"]}, "finish_reason": "stop"}]},
    {"choices": [{"message": {"tool_calls": [{"index": "x"}]}, "finish_reason": "stop"}]},
    {"choices": [{"message": {"tool_calls": [{"function": "x"}]}, "finish_reason": "stop"}]},
    {"choices": [], "usage": {"prompt_tokens": "many"}},
    {"choices": [], "usage": {"prompt_tokens": [1]}},
)
RESPONSES = (
    {"output": [{"type": "message", "content": ["x"]}]},
    {"output": [{"type": "message", "content": 7}]},
    {"usage": {"input_tokens": "many"}},
    {"status": "incomplete", "incomplete_details": "x"},
    {"status": "failed", "error": "x"},
)


async def test_json_in_another_shape_than_the_vendors_is_no_answer(liar: Liar, lied_to: Any) -> None:
    for provider, answers in (("openai_chat", CHAT), ("openai_responses", RESPONSES)):
        client = await lied_to(provider)
        for wrong in answers:
            liar.says(wrong)
            answer = await asked(client, "What did we make?")
            assert (answer["degraded"], answer["reason"]) == (True, errors.GARBLED), wrong


async def test_what_no_column_takes_is_left_out(liar: Liar, lied_to: Any) -> None:
    client = await lied_to()
    huge = {"prompt_tokens": 10**18, "completion_tokens": -(10**18)}
    calls = [
        ("no\x00tool", "{}"),
        ("dashboard", '{"x": "a\\u0000b"}'),
        ("dashboard", f'{{"x": "{"y" * 3000}"}}'),
    ]
    liar.says(completion(calls=calls), completion("All \x00is well.", usage=huge))

    answer = await asked(client, "What did we make?")

    assert (answer["answer"], answer["degraded"]) == ("All is well.", False)
    assert [(call["name"], call["arguments"]) for call in answer["message"]["tool_calls"]] == [
        ("notool", {}),
        ("dashboard", {}),
        ("dashboard", {}),
    ]
    assert answer["usage"]["output_tokens"] < 10_000
    assert answer["usage"]["input_tokens"] < 20_000_000


async def test_an_argument_that_was_refused_founds_no_number(liar: Liar, lied_to: Any) -> None:
    client = await lied_to()
    for arguments in ('{"period": "today", "hint": 987654}', '{"period": "last_987654_days"}'):
        liar.says(completion(calls=[("dashboard", arguments)]), completion("Revenue is 987654."))
        answer = await asked(client, "What did we make?")
        assert (answer["degraded"], answer["reason"]) == (True, UNFOUNDED), arguments
        assert "987654" not in answer["answer"]


async def test_calls_without_end_are_cut_off(liar: Liar, lied_to: Any) -> None:
    client = await lied_to()
    liar.says(completion(calls=[("dashboard", "{}")] * 500), completion("All is well."))

    answer = await asked(client, "What did we make?")

    assert answer["answer"] == "All is well."
    assert len(answer["message"]["tool_calls"]) == 16


async def test_a_product_named_like_a_day_that_is_none_ends_no_answer(
    liar: Liar, lied_to: Any, context: ServiceContext, tenant_id: UUID
) -> None:
    await sell(context, tenant_id, 125000, at=MARCH, name="Sale 2026-13-45")
    client = await lied_to()
    liar.says(completion(calls=[("top_products", "{}")]), completion("Sale 2026-13-45 sold best."))

    answer = await asked(client, "What sold best?")

    assert (answer["answer"], answer["degraded"]) == ("Sale 2026-13-45 sold best.", False)
