"""The base of the identity models, and the infrastructure tables in the identity schema."""

from libs.common.db.base import service_base
from libs.common.db.infrastructure import infrastructure

Base = service_base("identity")
MODELS = infrastructure(Base)
metadata = Base.metadata
