-- Events of the aggregates and types in $1 (no types = all) above the versions seen, in the order of
-- the log: at most $2, and until their payloads reach $3 bytes; `has_more` where that left some out.
WITH newer AS (
  SELECT DISTINCT e.position, e.bytes
  FROM jsonb_to_recordset($1::jsonb) AS s(
    aggregate_type text, aggregate_id text, event_types jsonb, version bigint)
  CROSS JOIN LATERAL (
    SELECT o.position, octet_length(o.payload) AS bytes
    FROM outbox_events AS o
    WHERE o.aggregate_type = s.aggregate_type AND o.aggregate_id = s.aggregate_id
      AND o.aggregate_version > s.version
      AND (jsonb_array_length(s.event_types) = 0 OR s.event_types ? o.event_type)
    ORDER BY o.aggregate_version
    LIMIT $2::integer + 1
  ) AS e
), sized AS (
  SELECT n.position, row_number() OVER w AS number, sum(n.bytes) OVER w - n.bytes AS bytes_before
  FROM newer AS n
  WINDOW w AS (ORDER BY n.position)
), taken AS (
  SELECT s.position FROM sized AS s WHERE s.number <= $2::integer AND s.bytes_before < $3::bigint
)
SELECT e.*, (SELECT count(*) FROM sized) > (SELECT count(*) FROM taken) AS has_more
FROM taken AS t
JOIN LATERAL (SELECT * FROM outbox_stored_events AS o WHERE o.position = t.position LIMIT 1) AS e ON true
ORDER BY e.position
