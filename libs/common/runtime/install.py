"""Brings an installation up to date: database, roles, schemas, tables, first rows, queues."""

from collections.abc import Callable, Sequence

from libs.common.db.migrate import migrate
from libs.common.messaging.bindings import settle_bindings
from libs.common.runtime.brokers import make_broker
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.service import Service
from libs.common.settings import CommonSettings

Report = Callable[[str], None]


async def install(
    services: Sequence[Service], settings: CommonSettings, *, report: Report = lambda _: None
) -> None:
    """Migrate, seed and declare the queues of all services; repeatable, and safe to run beside itself."""
    migrate(services, settings, on_step=lambda name: report(f"schema {name}"))
    for told in await declare(services, settings):
        report(told)
    for service in services:
        if service.seed is None:
            continue
        context = ServiceContext(service, settings)
        try:
            await service.seed(context)
        finally:
            await context.close()
        report(f"first rows of {service.name}")


async def declare(services: Sequence[Service], settings: CommonSettings) -> list[str]:
    """Make every queue before the first event can be published, so that none is lost to a late consumer.

    What this release no longer takes is retired; what was done is told.
    """
    subscriptions = [s for service in services for s in service.subscriptions]
    broker = make_broker(settings)
    await broker.start()
    try:
        await broker.declare(subscriptions)
        names = [service.name for service in services]
        return await settle_bindings(broker, settings.service_database_url("bus"), names, subscriptions)
    finally:
        await broker.stop()
