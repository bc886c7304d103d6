"""Time that passes for what nobody pays: dunning counts days, and a proof lasts minutes."""

import asyncio
import time

import psycopg

from deploy.e2e.proof.client import PATIENCE, GaveUp

# When all steps of `DUNNING` are due.
DAYS = 10
DUNNING = {"reminder_days": [1, 3], "final_days": 5}
# What was told of one that nobody paid: after so long one reminder stands for both.
TOLD = ("past_due", "reminded")


class Overdue:
    """Moves the days at which invoices were due back, past the trigger that lets nobody change them."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url

    async def let_be(self, subscription_id: str) -> None:
        """Let all that a subscription owes have been due for days, and its turn be now.

        Raises:
            GaveUp: the database did not answer for too long.
        """
        until = time.monotonic() + PATIENCE
        while True:
            try:
                await self._move(subscription_id)
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise GaveUp(f"moving what {subscription_id} owes") from None
                await asyncio.sleep(0.5)
            else:
                return

    async def _move(self, subscription_id: str) -> None:
        one = {"id": subscription_id, "days": DAYS}
        async with await psycopg.AsyncConnection.connect(self._url, connect_timeout=5) as connection:
            await connection.execute(
                "SELECT set_config('app.scope', 'platform', true), set_config('session_replication_role', 'replica', true)"
            )
            # As the service locks them: the subscription first.
            await connection.execute("SELECT FROM payments.subscriptions WHERE id = %(id)s FOR UPDATE", one)
            await connection.execute(
                "UPDATE payments.invoices SET due_on = current_date - %(days)s::int "
                "WHERE subscription_id = %(id)s AND status = 'issued'",
                one,
            )
            await connection.execute(
                "UPDATE payments.subscriptions SET due_at = now() WHERE id = %(id)s AND due_at IS NOT NULL",
                one,
            )
