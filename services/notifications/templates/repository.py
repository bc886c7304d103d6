"""All SQL of templates."""

from collections.abc import Iterable

from sqlalchemy import ARRAY, Text, Uuid, any_, bindparam, select

from libs.common.db.direct import Direct, Row, Run, hydrated
from libs.common.db.repository import Repository
from services.notifications.templates.models import Template

_OF_TYPES = Direct(
    select(Template).where(
        Template.tenant_id == bindparam("tenant_id", type_=Uuid),
        Template.type == any_(bindparam("kinds", type_=ARRAY(Text))),
        Template.locale == any_(bindparam("locales", type_=ARRAY(Text))),
    )
)


class TemplateRepository(Repository[Template]):
    """Templates of one tenant."""

    model = Template

    def of_types(self, kinds: Iterable[str], locales: Iterable[str]) -> Run:
        """The tenant's own texts of these kinds in these languages; `own_texts` reads the rows."""
        values = {"tenant_id": self.uow.tenant_id, "kinds": list(kinds), "locales": list(locales)}
        return _OF_TYPES, values


def own_texts(rows: Iterable[Row]) -> list[Template]:
    """What `TemplateRepository.of_types` found, to be read only."""
    return hydrated(Template, rows)
