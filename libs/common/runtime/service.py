"""A service as a value: inert, importable without effect, turned into a process by the Host."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from sqlalchemy import MetaData

from libs.common.db.infrastructure import Infrastructure
from libs.common.jobs.job import Job
from libs.common.messaging.subscription import Subscription
from libs.common.settings import ServiceSettings

if TYPE_CHECKING:
    from libs.common.db.encrypted import Encrypted
    from libs.common.db.unit_of_work import UnitOfWork
    from libs.common.privacy.fields import PrivacyMap
    from libs.common.runtime.context import ServiceContext
    from libs.common.runtime.verify import Invariant

# Opens what a service holds for the life of its process (provider clients, caches) and closes it at the end.
Resource = Callable[["ServiceContext"], AbstractAsyncContextManager[Any]]
Measure = Callable[["UnitOfWork"], Awaitable[None]]
Seed = Callable[["ServiceContext"], Awaitable[None]]


@dataclass(frozen=True)
class Service:
    """Everything the Host needs to know of one service.

    Attributes:
        name: the package's name, also its schema, the prefix of its wire names and permissions.
        settings: its settings class.
        metadata, models: its tables, and the infrastructure ones among them.
        routers: the HTTP features, each with its prefix; mounted under `/api/v1` by the gateway.
        subscriptions: what it listens to.
        jobs: its background work.
        migrations: the folder of its alembic environment.
        resources: by name, what is opened at start; handlers find them in `context.resources`.
        permissions: each permission it checks, with a description for role editors.
        encrypted: its columns under the key ring, all of them.
        privacy: which of its columns are about people, and what erasure is to do to them.
        invariants: what `pillars verify` checks.
        measures: `async (uow)` each sets figures of `/metrics` from the database, in the platform scope; a process that
            runs jobs calls them every few seconds, so they read from an index.
        seed: makes the rows a new installation needs; run after every migration, so it must be repeatable.
        description: one paragraph for the API documentation.
    """

    name: str
    description: str
    settings: type[ServiceSettings]
    metadata: MetaData
    models: Infrastructure
    migrations: Path
    routers: Sequence[APIRouter] = ()
    subscriptions: Sequence[Subscription] = ()
    jobs: Sequence[Job] = ()
    resources: Mapping[str, Resource] = field(default_factory=dict)
    permissions: Mapping[str, str] = field(default_factory=dict)
    encrypted: Sequence["Encrypted"] = ()
    privacy: "PrivacyMap" = field(default_factory=dict)
    invariants: Sequence["Invariant"] = ()
    measures: Sequence[Measure] = ()
    seed: Seed | None = None
