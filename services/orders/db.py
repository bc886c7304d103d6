"""The base of the orders models, and the infrastructure tables in the orders schema."""

from libs.common.db.base import service_base
from libs.common.db.infrastructure import infrastructure

Base = service_base("orders")
MODELS = infrastructure(Base)
metadata = Base.metadata
