"""What must always hold of conversations."""

from sqlalchemy import text

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.runtime.verify import Finding, Invariant

_ANSWERED = """
SELECT q.id FROM analytics.conversation_messages q
LEFT JOIN analytics.conversation_messages a ON a.tenant_id = q.tenant_id AND a.question_id = q.id
WHERE q.role = 'user' AND ((q.status = 'answered') <> (a.id IS NOT NULL) OR a.id <> q.answer_id)
"""
_WHOSE = """
SELECT m.id FROM analytics.conversation_messages m
JOIN analytics.conversations c ON c.tenant_id = m.tenant_id AND c.id = m.conversation_id
WHERE m.user_id <> c.user_id
"""
_EVENTS = """
SELECT c.id FROM analytics.conversations c LEFT JOIN (
    SELECT tenant_id, conversation_id, count(*) AS n, max(seq) AS newest
    FROM analytics.conversation_events GROUP BY tenant_id, conversation_id
) e ON e.tenant_id = c.tenant_id AND e.conversation_id = c.id
WHERE c.last_event <> coalesce(e.n, 0) OR c.last_event <> coalesce(e.newest, 0)
"""
_COUNTED = """
SELECT c.id FROM analytics.conversations c LEFT JOIN (
    SELECT tenant_id, conversation_id, count(*) AS n FROM analytics.conversation_messages
    GROUP BY tenant_id, conversation_id
) m ON m.tenant_id = c.tenant_id AND m.conversation_id = c.id
WHERE c.message_count <> coalesce(m.n, 0)
"""
_FIGURES = """
SELECT m.id FROM analytics.conversation_messages m, jsonb_array_elements(m.figures) f
WHERE coalesce(f #>> '{query,path}', '') NOT LIKE '/api/v1/%' OR f ->> 'value' IS NULL
"""


def _invariant(name: str, counted: str, table: str, breaches: str) -> Invariant:
    async def check(uow: UnitOfWork) -> Finding:
        count = (await uow.session.execute(text(f"SELECT count(*) FROM analytics.{table}"))).scalar_one()
        found = (await uow.session.execute(text(breaches))).scalars().all()
        return Finding(f"{count} {counted}", len(found), tuple(str(row_id) for row_id in found[:5]))

    return Invariant(name, check)


INVARIANTS = (
    _invariant("a question that is answered has one answer", "messages", "conversation_messages", _ANSWERED),
    _invariant("a message is of who holds the conversation", "messages", "conversation_messages", _WHOSE),
    _invariant("events of a stream are numbered without gaps", "events", "conversation_events", _EVENTS),
    _invariant("a conversation counts its messages", "messages", "conversation_messages", _COUNTED),
    _invariant("every figure of an answer names its query", "messages", "conversation_messages", _FIGURES),
)
