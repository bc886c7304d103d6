"""Secrets that clients send show in no answer, no event and no log line."""

import io
import logging

import psycopg

from deploy.e2e.conftest import Shop, Suite
from deploy.e2e.hostile.problems import all_holds
from libs.common.logging import JsonFormatter
from libs.common.runtime.registry import load_all
from libs.common.testing.eventually import eventually


async def test_planted_secrets_show_nowhere(suite: Suite, besieged: Shop) -> None:
    password, credential, card = "Planted-pass-8c1f", "sk_planted_77aa", "planted-device-5e2d"
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    handler.setFormatter(JsonFormatter("test"))
    root = logging.getLogger()
    level = root.level
    # The client of this test logs what it asks for.
    handler.addFilter(lambda record: not record.name.startswith("http"))
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    texts = []
    try:
        async with suite.client(**besieged.owner) as client:
            person = {"email": f"{besieged.story.run}@planted.example", "first_name": "A", "last_name": "B"}
            account = {"provider": "sandbox", "name": "Mine", "currency": "ZAR"}
            for path, body in (
                ("/auth/signup", {**person, "company_id": besieged.company, "password": password}),
                ("/auth/signup", {**person, "company_id": besieged.company, "password": [password]}),
                ("/auth/login", {"email": person["email"], "password": password, "x": password}),
                ("/auth/password/change", {"current_password": password, "new_password": f"{password}2"}),
                ("/payment-accounts", {**account, "credentials": {"secret_key": credential}}),
                ("/payment-accounts", {**account, "credentials": {"secret_key": {"x": credential}}}),
                ("/fcm/register", {"token": card, "platform": "web"}),
            ):
                response = await client.post(path, json=body)
                texts.append(response.text if response.status_code >= 400 else "")
            await client.delete(f"/fcm/register/{card}")
            for path in ("/audit-log", "/payment-accounts", "/auth/sessions", "/users"):
                texts.append((await client.get(path, params={"limit": 200})).text)
        await eventually(lambda: all_holds(suite), 30)
        async with await psycopg.AsyncConnection.connect(suite.settings.database_url) as connection:
            for service in load_all():
                rows = await connection.execute(f'SELECT t::text FROM "{service.name}".outbox t')
                texts += [row[0] for row in await rows.fetchall()]
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
    token = besieged.owner["Authorization"].removeprefix("Bearer ")
    said = "\n".join([*texts, log.getvalue()])
    assert "signup" in log.getvalue()
    assert len(texts) > 20
    for secret in (password, credential, card, token, "PRIVATE KEY"):
        assert secret not in said, said[max(0, said.find(secret) - 300) :][:400]
