"""Which providers there are. One more is one more line here."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from libs.common.errors import NotFound
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.wires import Wire
from services.payments.providers.bank_transfer import BankTransferProvider
from services.payments.providers.base import PaymentProvider
from services.payments.providers.sandbox import SandboxProvider

RESOURCE = "payment_providers"


def make_providers(context: ServiceContext) -> dict[str, PaymentProvider]:
    """A client for each provider, by name."""
    found: tuple[PaymentProvider, ...] = (
        SandboxProvider(lambda: _to_simulator(context)),
        BankTransferProvider(),
    )
    return {provider.name: provider for provider in found}


def _to_simulator(context: ServiceContext) -> Wire:
    from libs.common.runtime.wire_in_process import InProcess
    from services.payments.providers.simulator.api import simulator_api

    return InProcess("sandbox", simulator_api(context))


@asynccontextmanager
async def open_providers(context: ServiceContext) -> AsyncIterator[Mapping[str, PaymentProvider]]:
    """The clients for the life of the process."""
    providers = make_providers(context)
    yield providers
    for provider in providers.values():
        if isinstance(provider, SandboxProvider):
            await provider.close()


def provider_of(context: ServiceContext, name: str) -> PaymentProvider:
    """The client of a provider.

    Raises:
        NotFound: there is no provider of that name.
    """
    if RESOURCE not in context.resources:
        context.resources[RESOURCE] = make_providers(context)
    providers: Mapping[str, PaymentProvider] = context.resources[RESOURCE]
    if name not in providers:
        raise NotFound("There is no such payment provider.", resource="payment provider")
    return providers[name]
