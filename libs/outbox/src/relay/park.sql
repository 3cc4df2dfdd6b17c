-- $1 relay, $2 lane, $3 its term. The lane's row is locked, so that whoever claims it next sees what
-- is written here. Only for an event that the log has at that place: else it has lost its end, and the
-- lane is at something else now. $14: the first refusal of this event, beside which an earlier one of its aggregate
-- counts; else it is what the aggregate waits for now. A row is returned where the lane is still held.
WITH held AS (
  SELECT lane FROM outbox_lanes
  WHERE lane = $2 AND owner = $1 AND term = $3 AND lease_until > clock_timestamp()
    AND EXISTS (SELECT FROM outbox_events WHERE position = $6 AND event_id = $8::uuid)
  FOR SHARE
), written AS (
  INSERT INTO outbox_parked AS p (
    aggregate_type, aggregate_id, lane, position, aggregate_version, event_id, event_type,
    error_code, reason, attempts, next_attempt_at)
  SELECT $4, $5, held.lane, $6, $7, $8, $9, $10, $11, $12,
         clock_timestamp() + $13 * interval '1 millisecond'
  FROM held
  ON CONFLICT (aggregate_type, aggregate_id) DO UPDATE
  SET position = excluded.position, aggregate_version = excluded.aggregate_version,
      event_id = excluded.event_id, event_type = excluded.event_type,
      error_code = excluded.error_code, reason = excluded.reason, attempts = excluded.attempts,
      first_failed_at = CASE WHEN p.position = excluded.position THEN p.first_failed_at
                             ELSE excluded.first_failed_at END,
      failed_at = excluded.failed_at, next_attempt_at = excluded.next_attempt_at
  WHERE NOT $14::boolean OR excluded.position < p.position
)
SELECT lane FROM held
