"""The base of the identity models, and the infrastructure tables in the identity schema."""

from sqlalchemy.orm import DeclarativeBase

from libs.common.db.base import TYPES, service_metadata
from libs.common.db.infrastructure import infrastructure


class Base(DeclarativeBase):
    """The base of every identity model."""

    metadata = service_metadata("identity")
    type_annotation_map = TYPES


MODELS = infrastructure(Base)
metadata = Base.metadata
