-- $1 relay, $2 lease in milliseconds, $3 how many. A new term shuts out whoever held them before.
WITH free AS (
  SELECT lane FROM outbox_lanes
  WHERE owner IS NULL OR lease_until IS NULL OR lease_until <= clock_timestamp()
  ORDER BY lane
  LIMIT $3
  FOR UPDATE SKIP LOCKED
)
UPDATE outbox_lanes
SET owner = $1,
    term = outbox_lanes.term + 1,
    lease_until = clock_timestamp() + $2 * interval '1 millisecond'
FROM free
WHERE outbox_lanes.lane = free.lane
RETURNING outbox_lanes.lane, outbox_lanes.term, outbox_lanes.position
