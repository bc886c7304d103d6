"""The base of the orders models, and the infrastructure tables in the orders schema."""

from sqlalchemy.orm import DeclarativeBase

from libs.common.db.base import TYPES, service_metadata
from libs.common.db.infrastructure import infrastructure


class Base(DeclarativeBase):
    """The base of every orders model."""

    metadata = service_metadata("orders")
    type_annotation_map = TYPES


MODELS = infrastructure(Base)
metadata = Base.metadata
