-- $1 relay, $2 lanes, $3 their terms, $4 their new positions, $5 the epoch that they were reached in.
-- Positions never go back, nor beyond the end of this log: a relay that has not yet seen that the log
-- was restored, or has begun another epoch since, moves nothing past what both have in common. The
-- commit need not reach the disk: after a crash of the server an older position only repeats records.
WITH lazily AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true)),
log AS MATERIALIZED (SELECT l.epoch, l.last_position FROM outbox_log AS l)
UPDATE outbox_lanes
SET position = CASE WHEN log.epoch = $5
                    THEN greatest(outbox_lanes.position, least(moved.position, log.last_position))
                    ELSE outbox_lanes.position END,
    moved_at = clock_timestamp()
FROM unnest($2::smallint[], $3::bigint[], $4::bigint[]) AS moved (lane, term, position),
     log, lazily
WHERE outbox_lanes.lane = moved.lane
  AND outbox_lanes.owner = $1
  AND outbox_lanes.term = moved.term
  AND outbox_lanes.lease_until > clock_timestamp()
RETURNING outbox_lanes.lane
