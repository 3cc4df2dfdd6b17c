-- Aggregates whose next event nova refuses, those that have waited longest first, with that event.
SELECT p.aggregate_type, p.aggregate_id, p.next_version, p.reason, p.message, p.attempts, p.parked_at,
       p.next_attempt_at, e.event_id::text AS event_id, e.event_type,
       a.version - p.next_version + 1 AS waiting
FROM local_outbox_parked AS p
LEFT JOIN local_outbox_aggregates AS a USING (aggregate_type, aggregate_id)
LEFT JOIN local_outbox_events AS e
  ON e.aggregate_type = p.aggregate_type AND e.aggregate_id = p.aggregate_id
 AND e.aggregate_version = p.next_version
ORDER BY p.parked_at, p.aggregate_type, p.aggregate_id
LIMIT $1::integer
