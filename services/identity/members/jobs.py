"""Timed work on members."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.runtime.context import ServiceContext
from services.identity.members.models import Member
from services.identity.members.repository import MemberRepository

_BATCH = 1_000


def uncopied(context: ServiceContext, now: ColumnElement[datetime]) -> Select[Any]:
    """What `copy_people` finds."""
    return select(Member.id).where(Member.person_email.is_(None))


async def copy_people(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Copy what lists look at for members of before it was kept."""
    await MemberRepository(uow).copy(_BATCH)
