"""Slugs: the readable part of an address, made from a name and unique within the business."""

import re
import unicodedata
from typing import Any

from sqlalchemy import select

from libs.common.db.unit_of_work import UnitOfWork
from services.catalog.locks import hold

# Room for the suffix within the 200 characters that a slug may have.
_BASE_LENGTH = 180


def slugify(name: str) -> str:
    """The name in lower case, accents dropped, everything but letters and digits turned into single hyphens."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    words = re.sub(r"[\W_]+", "-", unicodedata.normalize("NFC", plain))
    return words[:_BASE_LENGTH].strip("-") or "item"


async def free_slug(uow: UnitOfWork, model: Any, name: str) -> str:
    """A slug from a name that no live row of the model has: `mug`, then `mug-2`, `mug-3`, …

    Holds a lock until the commit, so that two rows of one name made at once get different slugs.
    """
    base = slugify(name)
    await hold(uow, f"slug:{model.__tablename__}:{base}")
    statement = select(model.slug).where(
        model.tenant_id == uow.tenant_id, (model.slug == base) | model.slug.like(f"{base}-%")
    )
    if hasattr(model, "deleted_at"):
        statement = statement.where(model.deleted_at.is_(None))
    taken = set((await uow.session.execute(statement)).scalars())
    if base not in taken:
        return base
    suffix = 2
    while f"{base}-{suffix}" in taken:
        suffix += 1
    return f"{base}-{suffix}"
