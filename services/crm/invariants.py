"""What must always hold in the crm schema."""

from sqlalchemy import text

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.runtime.verify import Finding, Invariant

_CLOSED = """
SELECT d.id FROM crm.deals d JOIN crm.stages s ON s.tenant_id = d.tenant_id AND s.id = d.stage_id
WHERE s.kind <> d.status OR (d.status <> 'open') <> (d.closed_at IS NOT NULL)
"""
_HISTORY = """
SELECT d.id FROM crm.deals d LEFT JOIN LATERAL (
    SELECT c.to_stage_id FROM crm.stage_changes c
    WHERE c.tenant_id = d.tenant_id AND c.deal_id = d.id ORDER BY c.id DESC LIMIT 1
) last ON true
WHERE last.to_stage_id IS DISTINCT FROM d.stage_id
"""
_AMOUNT = """
SELECT d.id FROM crm.deals d JOIN (
    SELECT tenant_id, deal_id, sum(quantity * unit_price_minor) AS total,
           min(currency) AS least, max(currency) AS greatest
    FROM crm.deal_lines GROUP BY tenant_id, deal_id
) l ON l.tenant_id = d.tenant_id AND l.deal_id = d.id
WHERE d.amount_minor <> l.total OR d.currency <> l.least OR d.currency <> l.greatest
"""
_REGISTRATION = """
SELECT registration_id FROM crm.deals WHERE registration_id IS NOT NULL
GROUP BY registration_id HAVING count(*) > 1
"""
_CONVERTED = """
SELECT id FROM crm.leads
WHERE status = 'converted' AND (company_id IS NULL OR contact_id IS NULL OR deal_id IS NULL)
"""
_MESSAGES = """
SELECT t.id FROM crm.chat_threads t LEFT JOIN (
    SELECT tenant_id, thread_id, count(*) AS n FROM crm.chat_messages
    WHERE deleted_at IS NULL GROUP BY tenant_id, thread_id
) m ON m.tenant_id = t.tenant_id AND m.thread_id = t.id
WHERE t.message_count <> coalesce(m.n, 0)
"""
_RUNS = """
SELECT r.id FROM crm.automation_runs r
WHERE r.status IN ('running', 'waiting') AND NOT EXISTS (
    SELECT FROM crm.jobs j WHERE j.name = 'advance_automation_run' AND j.finished_at IS NULL AND j.dead_at IS NULL
    AND j.key = r.tenant_id || ':' || r.id || ':' || r.position || ':' || r.attempts
) AND r.due_at > now() - interval '15 minutes'
"""
_STEPS = """
SELECT r.id FROM crm.automation_runs r
JOIN crm.automation_versions v
  ON v.tenant_id = r.tenant_id AND v.rule_id = r.rule_id AND v.number = r.rule_version
LEFT JOIN LATERAL (
    SELECT count(*) AS n FROM crm.automation_steps s
    WHERE s.tenant_id = r.tenant_id AND s.run_id = r.id AND s.status = 'done'
) done ON true
WHERE r.status = 'completed' AND done.n <> jsonb_array_length(v.actions)
"""
_EFFECTS = """
SELECT s.run_id FROM crm.automation_steps s
LEFT JOIN crm.tasks t ON t.tenant_id = s.tenant_id AND t.id = (s.result ->> 'task_id')::uuid
LEFT JOIN crm.chat_messages m ON m.tenant_id = s.tenant_id AND m.id = (s.result ->> 'message_id')::uuid
WHERE s.status = 'done'
  AND (s.action = 'create_task' AND t.id IS NULL OR s.action = 'post_message' AND m.id IS NULL)
"""
_RULES = """
SELECT r.id FROM crm.automation_rules r JOIN crm.automation_runs u
  ON u.tenant_id = r.tenant_id AND u.rule_id = r.id AND u.status IN ('running', 'waiting')
WHERE NOT r.enabled OR r.deleted_at IS NOT NULL
"""


def _invariant(name: str, counted: str, total: str, breaches: str) -> Invariant:
    async def check(uow: UnitOfWork) -> Finding:
        count = (await uow.session.execute(text(f"SELECT count(*) FROM {total}"))).scalar_one()
        found = (await uow.session.execute(text(breaches))).scalars().all()
        return Finding(f"{count} {counted}", len(found), tuple(str(row_id) for row_id in found[:5]))

    return Invariant(name, check)


INVARIANTS = (
    _invariant("a deal's stage and closing time fit its status", "deals", "crm.deals", _CLOSED),
    _invariant("a deal stands where its history ends", "deals", "crm.deals", _HISTORY),
    _invariant("a deal's amount is the sum of its lines", "deal lines", "crm.deal_lines", _AMOUNT),
    _invariant(
        "a registration has one deal",
        "registration deals",
        "crm.deals WHERE registration_id IS NOT NULL",
        _REGISTRATION,
    ),
    _invariant(
        "a converted lead names what it became",
        "converted leads",
        "crm.leads WHERE status = 'converted'",
        _CONVERTED,
    ),
    _invariant("a thread counts its messages", "threads", "crm.chat_threads", _MESSAGES),
    _invariant(
        "a run of a rule that is under way is gone on with",
        "runs under way",
        "crm.automation_runs WHERE status IN ('running', 'waiting')",
        _RUNS,
    ),
    _invariant(
        "a completed run has done each action of its version once",
        "completed runs",
        "crm.automation_runs WHERE status = 'completed'",
        _STEPS,
    ),
    _invariant(
        "what an action of a rule made is there",
        "actions",
        "crm.automation_steps WHERE status = 'done' AND action IN ('create_task', 'post_message')",
        _EFFECTS,
    ),
    _invariant("no run of a disabled rule is under way", "rules", "crm.automation_rules", _RULES),
)
