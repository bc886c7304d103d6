"""The base of the notifications models, and the infrastructure tables in the notifications schema."""

from sqlalchemy.orm import DeclarativeBase

from libs.common.db.base import TYPES, service_metadata
from libs.common.db.infrastructure import infrastructure


class Base(DeclarativeBase):
    """The base of every notifications model."""

    metadata = service_metadata("notifications")
    type_annotation_map = TYPES


MODELS = infrastructure(Base)
metadata = Base.metadata
