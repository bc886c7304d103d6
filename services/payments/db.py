"""The base of the payments models, and the infrastructure tables in the payments schema."""

from libs.common.db.base import service_base
from libs.common.db.infrastructure import infrastructure

Base = service_base("payments")
MODELS = infrastructure(Base)
metadata = Base.metadata
