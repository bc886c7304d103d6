"""The API document of a service, which is made once in a copy of the process."""

import asyncio
import os
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from libs.common.runtime.app import description_router
from libs.common.testing.eventually import eventually


class Noted(FastAPI):
    """Notes which process looks at its routes."""

    notes: Path

    @property
    def routes(self) -> Any:
        with self.notes.open("a") as notes:
            notes.write(f"{os.getpid()}\n")
        return super().routes


async def test_a_document_that_somebody_did_not_wait_for_is_there_for_the_next(tmp_path: Path) -> None:
    described = Noted(openapi_url=None)
    described.notes = tmp_path / "notes"
    described.get("/things", name="list_things")(list)
    described.notes.write_text("")
    app = FastAPI(openapi_url=None)
    app.include_router(description_router(described))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        first = asyncio.create_task(client.get("/openapi.json"))
        await eventually(lambda: described.notes.read_text())
        first.cancel()
        answer = await client.get("/openapi.json")
    assert "/things" in answer.json()["paths"]
    makers = set(described.notes.read_text().split())
    assert len(makers) == 1
    assert str(os.getpid()) not in makers
