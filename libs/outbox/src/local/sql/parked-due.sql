-- Parked aggregates whose time has come, those that wait longest for it first.
SELECT aggregate_type, aggregate_id, next_version
FROM local_outbox_parked
WHERE next_attempt_at <= clock_timestamp()
ORDER BY next_attempt_at
LIMIT $1::integer
