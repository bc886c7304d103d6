"""A provider whose connection breaks when a test says so, before or after the other side has acted."""

from collections.abc import Awaitable, Callable
from typing import Any

from services.payments.providers.base import PaymentProvider, ProviderUnavailable
from services.payments.providers.registry import RESOURCE, provider_of
from services.payments.tests.shop import Shop


class Flaky:
    """Wraps a provider. `before` and `after` name calls that break, each once."""

    def __init__(self, inner: PaymentProvider) -> None:
        self._inner = inner
        self.name, self.is_online, self.currencies = inner.name, inner.is_online, inner.currencies
        self.before: list[str] = []
        self.after: list[str] = []
        self.calls: list[str] = []
        self.error: Callable[[], Exception] = ProviderUnavailable

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._inner, name)
        if name not in ("create_checkout", "refund", "fetch"):
            return method

        async def call(*arguments: Any) -> Any:
            self.calls.append(name)
            if name in self.before:
                self.before.remove(name)
                raise self.error()
            result: Awaitable[Any] = method(*arguments)
            answer = await result
            if name in self.after:
                self.after.remove(name)
                raise self.error()
            return answer

        return call


def break_at(shop: Shop) -> Flaky:
    """Put a flaky sandbox in place of the shop's."""
    flaky = Flaky(provider_of(shop.context, "sandbox"))
    shop.context.resources[RESOURCE] = {**shop.context.resources[RESOURCE], "sandbox": flaky}
    return flaky
