"""The HTTP client of this service for calls to the outside."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from libs.common.runtime.context import ServiceContext


@asynccontextmanager
async def open_http(context: ServiceContext) -> AsyncIterator[httpx.AsyncClient]:
    """A client with pooled connections; it follows no redirects and knows no proxy."""
    async with httpx.AsyncClient(follow_redirects=False, trust_env=False) as client:
        yield client
