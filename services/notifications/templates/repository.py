"""All SQL of templates."""

from collections.abc import Iterable

from libs.common.db.repository import Repository
from services.notifications.templates.models import Template


class TemplateRepository(Repository[Template]):
    """Templates of one tenant."""

    model = Template

    async def of_type(self, kind: str, locales: Iterable[str]) -> dict[tuple[str, str], Template]:
        """The tenant's own texts of a kind by (channel, locale)."""
        found = await self.find_all(Template.type == kind, Template.locale.in_(list(locales)))
        return {(row.channel, row.locale): row for row in found}
