-- $1 relay, $2 lanes, $3 their terms, $4 their new positions. Positions never go back. The commit
-- need not reach the disk: after a crash of the server an older position only repeats records.
WITH lazily AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
UPDATE outbox_lanes
SET position = greatest(outbox_lanes.position, moved.position), moved_at = clock_timestamp()
FROM unnest($2::smallint[], $3::bigint[], $4::bigint[]) AS moved (lane, term, position), lazily
WHERE outbox_lanes.lane = moved.lane
  AND outbox_lanes.owner = $1
  AND outbox_lanes.term = moved.term
  AND outbox_lanes.lease_until > clock_timestamp()
RETURNING outbox_lanes.lane
