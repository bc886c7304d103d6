"""The base of the analytics models, and the infrastructure tables in the analytics schema."""

from libs.common.db.base import service_base
from libs.common.db.infrastructure import infrastructure

Base = service_base("analytics")
MODELS = infrastructure(Base)
metadata = Base.metadata
