-- Has the forwarder try what is parked in its next round; all of it where $1 is empty.
WITH due AS (
  UPDATE local_outbox_parked SET next_attempt_at = clock_timestamp()
  WHERE $1::text = '' OR (aggregate_type = $1::text AND aggregate_id = $2::text)
  RETURNING 1
)
SELECT count(*) AS retried FROM due
