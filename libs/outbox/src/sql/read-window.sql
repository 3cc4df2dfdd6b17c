-- The positions above $1, $2 of them at most, by the primary key; of these the events of lanes $3,
-- types $4, aggregate types $7, aggregate $8, ids beginning with $9 and tenant $10 (null = all) until
-- their payloads reach $5 bytes; without payloads where $6. One statement, so that what it calls scanned and what it returns come from one snapshot. At least one
-- row; without an event its position is null.
WITH sized AS (
  SELECT e.position,
         sum(octet_length(e.payload)) OVER (ORDER BY e.position) - octet_length(e.payload) AS bytes_before
  FROM outbox_events AS e
  WHERE e.position > $1::bigint AND e.position <= $1::bigint + $2::bigint
    AND ($3::smallint[] IS NULL OR e.lane = ANY ($3::smallint[]))
    AND ($4::text[] IS NULL OR e.event_type = ANY ($4::text[]))
    AND ($7::text[] IS NULL OR e.aggregate_type = ANY ($7::text[]))
    AND ($8::text IS NULL OR e.aggregate_id = $8::text)
    AND ($9::text IS NULL OR starts_with(e.aggregate_id, $9::text))
    AND ($10::text IS NULL OR e.tenant = $10::text)
), bounds AS (
  SELECT max(s.position) FILTER (WHERE s.bytes_before < $5::bigint) AS last_taken,
         max(s.position) AS last_found
  FROM sized AS s
), scanned AS (
  SELECT CASE WHEN b.last_taken < b.last_found THEN b.last_taken
              ELSE greatest($1::bigint, least($1::bigint + $2::bigint, l.last_position)) END AS upto
  FROM bounds AS b, outbox_log AS l
)
SELECT c.upto AS scanned,
       coalesce(outbox_epoch_of(c.upto), (SELECT epoch FROM outbox_epochs ORDER BY ordinal LIMIT 1))
         AS scanned_epoch,
       e.position, e.epoch, e.event_id, e.event_type, e.schema_version, e.aggregate_type,
       e.aggregate_id, e.aggregate_version, e.type_sequence, e.previous, e.lane, e.source, e.tenant,
       e.headers, e.occurred_at, e.stored_at, CASE WHEN $6::boolean THEN ''::bytea ELSE e.payload END AS payload
FROM scanned AS c
LEFT JOIN outbox_stored_events AS e
  -- Bounded by a constant too: without statistics, as after an import, the planner would else read
  -- the rest of the log.
  ON e.position > $1::bigint AND e.position <= $1::bigint + $2::bigint AND e.position <= c.upto
  AND ($3::smallint[] IS NULL OR e.lane = ANY ($3::smallint[]))
  AND ($4::text[] IS NULL OR e.event_type = ANY ($4::text[]))
  AND ($7::text[] IS NULL OR e.aggregate_type = ANY ($7::text[]))
  AND ($8::text IS NULL OR e.aggregate_id = $8::text)
  AND ($9::text IS NULL OR starts_with(e.aggregate_id, $9::text))
  AND ($10::text IS NULL OR e.tenant = $10::text)
ORDER BY e.position
