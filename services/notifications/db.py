"""The base of the notifications models, and the infrastructure tables in the notifications schema."""

from libs.common.db.base import service_base
from libs.common.db.infrastructure import infrastructure

Base = service_base("notifications")
MODELS = infrastructure(Base)
metadata = Base.metadata
