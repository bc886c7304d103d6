"""The engine of one service, with pool limits, server-side time limits and metrics hooks."""

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from libs.common.settings import with_driver


def make_engine(url: str, *, pool_size: int = 10, application: str = "pillars") -> AsyncEngine:
    """An engine as one service uses it.

    Statements are limited to 30 s and idle transactions to 60 s, so that a stuck process holds no lock for long.
    """
    return create_async_engine(
        with_driver(url),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=10,
        pool_pre_ping=True,
        pool_recycle=1800,
        pool_use_lifo=True,
        connect_args={
            "application_name": application,
            "connect_timeout": 5,
            "options": "-c statement_timeout=30000 -c idle_in_transaction_session_timeout=60000 -c timezone=UTC",
        },
    )


def make_sessions(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """The session factory; rows stay readable after the commit."""
    return async_sessionmaker(engine, expire_on_commit=False, autoflush=False)
