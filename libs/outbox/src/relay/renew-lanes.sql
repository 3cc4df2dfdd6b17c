-- $1 relay, $2 lease in milliseconds, $3 lanes, $4 their terms. A lease that has ended stays ended.
UPDATE outbox_lanes
SET lease_until = clock_timestamp() + $2 * interval '1 millisecond'
FROM unnest($3::smallint[], $4::bigint[]) AS mine (lane, term)
WHERE outbox_lanes.lane = mine.lane
  AND outbox_lanes.owner = $1
  AND outbox_lanes.term = mine.term
  AND outbox_lanes.lease_until > clock_timestamp()
RETURNING outbox_lanes.lane
