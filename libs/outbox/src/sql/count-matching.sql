-- How many events of which type lie between two positions, both included, that have types $3,
-- aggregate types $4, aggregate $5, ids beginning with $6 and tenant $7 (null = all).
SELECT e.event_type AS "eventType", count(*) AS events
FROM outbox_events AS e
WHERE e.position BETWEEN $1::bigint AND $2::bigint
  AND ($3::text[] IS NULL OR e.event_type = ANY ($3::text[]))
  AND ($4::text[] IS NULL OR e.aggregate_type = ANY ($4::text[]))
  AND ($5::text IS NULL OR e.aggregate_id = $5::text)
  AND ($6::text IS NULL OR starts_with(e.aggregate_id, $6::text))
  AND ($7::text IS NULL OR e.tenant = $7::text)
GROUP BY e.event_type
ORDER BY e.event_type
