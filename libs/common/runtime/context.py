"""The process-wide parts of one running service, handed to every unit of work."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Text, bindparam, func, select

from libs.common.actor import Actor, ActorSigner, system_actor
from libs.common.clock import Clock, SystemClock
from libs.common.crypto import KeyRing
from libs.common.db.background import Background
from libs.common.db.direct import Direct
from libs.common.db.engine import background_places, make_engine, make_sessions
from libs.common.db.infrastructure import Infrastructure
from libs.common.db.unit_of_work import UnitOfWork, unit_of_work
from libs.common.messaging.broker import Broker
from libs.common.pagination import CursorCodec
from libs.common.runtime.service import Service
from libs.common.runtime.upstreams import Upstreams
from libs.common.settings import CommonSettings, ServiceSettings

if TYPE_CHECKING:
    from libs.common.jobs.runner import JobRunner

_NOTIFY = Direct(select(func.pg_notify(bindparam("channel", type_=Text()), "")))


class ServiceContext:
    """One service in one process: its settings, engine, clock, key ring, clients to other services, resources.

    Attributes:
        background: the connections that handlers and jobs may hold, which are less than half of the pool.
        relay_wake, jobs_wake: set after a commit that left work for the relay or the job runner here.
        jobs: what runs the jobs of the service in this process, while it does.
        broker: the bus, once this process has joined it.
        checks: what `/readyz` asks beside the database, by name.
        essential: which of these the process can do nothing without; the database always is.
        relay_is_local: whether this process runs the relay; otherwise a commit notifies the one that does.
        stopping: set when the process is asked to stop; open event streams end then.
    """

    def __init__(
        self,
        service: Service,
        common: CommonSettings,
        *,
        settings: ServiceSettings | None = None,
        upstreams: Upstreams | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.service = service
        self.common = common
        self.settings: Any = settings or service.settings()
        self.clock = clock or SystemClock()
        url = self.settings.database_url or common.service_database_url(service.name)
        self.background = Background(service.name, background_places(common.pool_size))
        self.engine = make_engine(
            url,
            pool_size=common.pool_size,
            application=f"pillars-{service.name}",
            background=self.background,
        )
        self.sessions = make_sessions(self.engine)
        self.signer = ActorSigner(common.secret_key.get_secret_value(), accepted=common.other_keys)
        self.cursors = CursorCodec(common.secret_key.get_secret_value(), accepted=common.other_keys)
        self.keyring = KeyRing.parse(common.encryption_keys.get_secret_value())
        self.upstreams = upstreams or Upstreams({}, self.signer, self.clock)
        self.resources: dict[str, Any] = {}
        self.checks: dict[str, Callable[[], Awaitable[bool]]] = {}
        self.essential: set[str] = set()
        self.broker: Broker | None = None
        self.relay_wake = asyncio.Event()
        self.jobs_wake = asyncio.Event()
        self.jobs: JobRunner | None = None
        self.relay_is_local = True
        self.stopping = asyncio.Event()

    @property
    def models(self) -> Infrastructure:
        """The infrastructure models of the service."""
        return self.service.models

    @property
    def outbox_channel(self) -> str:
        """The NOTIFY channel that wakes this service's relay from other processes."""
        return f"pillars_outbox_{self.service.name}"

    def unit_of_work(
        self, actor: Actor | None = None, *, tenant_id: UUID | None = None, platform: bool = False
    ) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open a unit of work, as an actor or as the service itself."""
        return unit_of_work(self, actor or system_actor(self.service.name, tenant_id), platform=platform)

    def notify_outbox(self, uow: UnitOfWork) -> None:
        """Before a commit: let the relay of another process know, where it does not run in this one."""
        if not self.relay_is_local:
            uow.write(_NOTIFY, {"channel": self.outbox_channel})

    async def wake_relay(self) -> None:
        """After a commit: wake the relay of this process."""
        self.relay_wake.set()

    async def wake_jobs(self) -> None:
        """After a commit: wake the job runner of this process."""
        self.jobs_wake.set()

    async def close(self) -> None:
        """Release the connections."""
        await self.engine.dispose()
