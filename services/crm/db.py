"""The base of the crm models, and the infrastructure tables in the crm schema."""

from libs.common.db.base import service_base
from libs.common.db.infrastructure import infrastructure

Base = service_base("crm")
MODELS = infrastructure(Base)
metadata = Base.metadata
