"""What the broker in Postgres says to the database."""

BIND = """
INSERT INTO bus.binding (namespace, pattern, queue)
SELECT %(namespace)s, * FROM unnest(%(patterns)s::text[], %(queues)s::text[])
ON CONFLICT DO NOTHING
"""

UNBIND = """
DELETE FROM bus.binding USING unnest(%(queues)s::text[], %(patterns)s::text[]) AS stale (queue, pattern)
WHERE namespace = %(namespace)s AND binding.queue = stale.queue AND binding.pattern = stale.pattern
"""

PUBLISH = """
WITH incoming AS (
    SELECT * FROM unnest(%(ids)b::uuid[], %(types)b::text[], %(envelopes)b::text[])
        WITH ORDINALITY AS given (event_id, type, envelope, position)
), unrouted AS (
    SELECT event_id FROM incoming WHERE NOT EXISTS (
        SELECT FROM bus.binding WHERE namespace = %(namespace)s AND pattern IN (incoming.type, '#'))
), fresh AS (
    INSERT INTO bus.message (namespace, event_id, type, envelope)
    SELECT %(namespace)s, event_id, type, envelope::json FROM incoming
    WHERE event_id NOT IN (SELECT event_id FROM unrouted) ORDER BY position
    ON CONFLICT (namespace, event_id) DO NOTHING
    RETURNING seq, type
), routed AS (
    INSERT INTO bus.delivery (queue, message)
    SELECT DISTINCT binding.queue, fresh.seq FROM fresh
    JOIN bus.binding ON binding.namespace = %(namespace)s AND binding.pattern IN (fresh.type, '#')
    ORDER BY fresh.seq
    RETURNING queue
), queues AS (
    SELECT array_agg(DISTINCT queue) AS names FROM routed
)
SELECT (SELECT array_agg(event_id) FROM unrouted), names,
    CASE WHEN NOT names <@ %(here)s::text[] THEN pg_notify(%(channel)s, '') END
FROM queues
"""

TELL = "SELECT pg_notify(%(channel)s, message) FROM unnest(%(messages)s::text[]) AS told (message)"

CLAIM = """
WITH claimed AS (
    SELECT due.id FROM unnest(%(queues)s::text[], %(rooms)s::int[]) AS wanted (queue, room)
    CROSS JOIN LATERAL (
        SELECT id FROM bus.delivery
        WHERE delivery.queue = wanted.queue AND available_at <= now()
        ORDER BY available_at, id LIMIT wanted.room FOR UPDATE SKIP LOCKED
    ) AS due
)
UPDATE bus.delivery SET available_at = now() + %(lease)s * interval '1 second', claims = claims + 1, is_leased = true,
    lost = lost + is_leased::int
FROM claimed, bus.message
WHERE delivery.id = claimed.id AND message.seq = delivery.message
RETURNING delivery.id, delivery.claims, delivery.queue, delivery.attempts, delivery.lost, message.envelope
"""

DONE = """
DELETE FROM bus.delivery USING unnest(%(ids)s::bigint[], %(claims)s::int[]) AS mine (id, claims)
WHERE delivery.id = mine.id AND delivery.claims = mine.claims
"""

LATER = """
UPDATE bus.delivery SET available_at = now() + mine.delay * interval '1 second', attempts = mine.attempts,
    is_leased = false
FROM unnest(%(ids)s::bigint[], %(claims)s::int[], %(delays)s::float8[], %(attempts)s::int[])
    AS mine (id, claims, delay, attempts)
WHERE delivery.id = mine.id AND delivery.claims = mine.claims
"""

RENEW = """
UPDATE bus.delivery SET available_at = now() + %(lease)s * interval '1 second'
FROM unnest(%(ids)s::bigint[], %(claims)s::int[]) AS mine (id, claims)
WHERE delivery.id = mine.id AND delivery.claims = mine.claims
"""

QUEUES = """
SELECT name, count(id) FILTER (WHERE available_at <= now()),
    count(id) FILTER (WHERE available_at > now() AND is_leased),
    count(id) FILTER (WHERE available_at > now() AND NOT is_leased)
FROM unnest(%(queues)s::text[]) AS wanted (name) LEFT JOIN bus.delivery ON delivery.queue = name
GROUP BY name ORDER BY name
"""

# A message stays for a while after its last delivery, so that a repeated publish finds it.
PURGE = """
DELETE FROM bus.message WHERE seq IN (
    SELECT seq FROM bus.message WHERE created_at < now() - interval '10 minutes'
        AND NOT EXISTS (SELECT FROM bus.delivery WHERE delivery.message = message.seq)
    ORDER BY seq LIMIT 5000 FOR UPDATE SKIP LOCKED)
"""
