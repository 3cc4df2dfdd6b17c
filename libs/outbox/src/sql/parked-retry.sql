-- Has the relay try an aggregate now; all of them where $1 is null.
WITH due AS (
  UPDATE outbox_parked SET next_attempt_at = clock_timestamp()
  WHERE $1::text IS NULL OR (aggregate_type = $1::text AND aggregate_id = $2::text)
  RETURNING 1
)
SELECT count(*) AS retried FROM due
