-- How many events of which type lie between two positions, both included, by outbox_events_by_type
-- or the primary key.
SELECT event_type AS "eventType", count(*) AS events
FROM outbox_events
WHERE position BETWEEN $1::bigint AND $2::bigint
  AND (cardinality($3::text[]) = 0 OR event_type = ANY ($3::text[]))
GROUP BY event_type
ORDER BY event_type
