-- $1 relay, $2 lane, $3 its term. A row is returned where the lane is still held.
WITH held AS (
  SELECT lane FROM outbox_lanes
  WHERE lane = $2 AND owner = $1 AND term = $3 AND lease_until > clock_timestamp()
  FOR SHARE
), gone AS (
  DELETE FROM outbox_parked
  WHERE aggregate_type = $4 AND aggregate_id = $5 AND EXISTS (SELECT FROM held)
)
SELECT lane FROM held
