"""Chooses the broker from the settings: RabbitMQ where an address is given, else tables in Postgres."""

from libs.common.messaging.broker import Broker
from libs.common.settings import CommonSettings


def make_broker(settings: CommonSettings) -> Broker:
    """The broker of a process."""
    if settings.amqp_url:
        from libs.common.messaging.rabbit import RabbitBroker

        return RabbitBroker(settings.amqp_url)
    from libs.common.messaging.postgres import PostgresBroker

    return PostgresBroker(settings.service_database_url("bus"))
