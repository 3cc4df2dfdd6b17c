-- $1 relay, $2 lanes, $3 their terms.
UPDATE outbox_lanes
SET owner = NULL, lease_until = NULL
FROM unnest($2::smallint[], $3::bigint[]) AS mine (lane, term)
WHERE outbox_lanes.lane = mine.lane
  AND outbox_lanes.owner = $1
  AND outbox_lanes.term = mine.term
