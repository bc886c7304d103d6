"""What crm resources refer to: people and other resources of the same business, checked when a body names them."""

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from libs.common.db.repository import Repository
from libs.common.errors import ValidationFailed
from libs.common.resource import ResourceService
from services.crm.people.service import PersonService

M = TypeVar("M", bound=Any)


class UnknownReference(ValidationFailed):
    """The id in `field` is not that of anything in this business."""

    slug = "unknown-reference"
    title = "Refers to something that does not exist"


class LinkedService(ResourceService[M]):
    """A resource with references.

    `people` are its fields that hold the id of a colleague; `links` are those that hold the id of another resource,
    with the repository that has it.
    """

    people: ClassVar[tuple[str, ...]] = ("owner_id",)
    links: ClassVar[Mapping[str, type[Repository[Any]]]] = {}

    async def prepare(self, values: dict[str, Any], row: M | None) -> dict[str, Any]:
        """Check the references that are new.

        Raises:
            UnknownPerson: a person does not work for this business.
            UnknownReference: there is no such row.
        """

        def is_new(field: str) -> bool:
            value = values.get(field)
            return value is not None and (row is None or value != getattr(row, field))

        for field in filter(is_new, self.people):
            await PersonService(self.uow).require(field, [values[field]])
        for field in filter(is_new, self.links):
            if await self.links[field](self.uow).get(values[field]) is None:
                raise UnknownReference(f"There is no such {field.removesuffix('_id')}.", field=field)
        return values
