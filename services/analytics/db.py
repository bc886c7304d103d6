"""The base of the analytics models, and the infrastructure tables in the analytics schema."""

from sqlalchemy.orm import DeclarativeBase

from libs.common.db.base import TYPES, service_metadata
from libs.common.db.infrastructure import infrastructure


class Base(DeclarativeBase):
    """The base of every analytics model."""

    metadata = service_metadata("analytics")
    type_annotation_map = TYPES


MODELS = infrastructure(Base)
metadata = Base.metadata
