"""The base of the catalog models, and the infrastructure tables in the catalog schema."""

from sqlalchemy.orm import DeclarativeBase

from libs.common.db.base import TYPES, service_metadata
from libs.common.db.infrastructure import infrastructure


class Base(DeclarativeBase):
    """The base of every catalog model."""

    metadata = service_metadata("catalog")
    type_annotation_map = TYPES


MODELS = infrastructure(Base)
metadata = Base.metadata
