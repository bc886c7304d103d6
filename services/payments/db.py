"""The base of the payments models, and the infrastructure tables in the payments schema."""

from sqlalchemy.orm import DeclarativeBase

from libs.common.db.base import TYPES, service_metadata
from libs.common.db.infrastructure import infrastructure


class Base(DeclarativeBase):
    """The base of every payments model."""

    metadata = service_metadata("payments")
    type_annotation_map = TYPES


MODELS = infrastructure(Base)
metadata = Base.metadata
