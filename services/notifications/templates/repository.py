"""All SQL of templates."""

from collections.abc import Iterable, Sequence

from libs.common.db.repository import Repository
from services.notifications.templates.models import Template


class TemplateRepository(Repository[Template]):
    """Templates of one tenant."""

    model = Template

    async def of_types(self, kinds: Iterable[str], locales: Iterable[str]) -> Sequence[Template]:
        """The tenant's own texts of these kinds in these languages."""
        return await self.find_all(Template.type.in_(list(kinds)), Template.locale.in_(list(locales)))
