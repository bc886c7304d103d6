"""The base of the crm models, and the infrastructure tables in the crm schema."""

from sqlalchemy.orm import DeclarativeBase

from libs.common.db.base import TYPES, service_metadata
from libs.common.db.infrastructure import infrastructure


class Base(DeclarativeBase):
    """The base of every crm model."""

    metadata = service_metadata("crm")
    type_annotation_map = TYPES


MODELS = infrastructure(Base)
metadata = Base.metadata
