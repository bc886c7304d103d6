"""The base of the catalog models, and the infrastructure tables in the catalog schema."""

from libs.common.db.base import service_base
from libs.common.db.infrastructure import infrastructure

Base = service_base("catalog")
MODELS = infrastructure(Base)
metadata = Base.metadata
