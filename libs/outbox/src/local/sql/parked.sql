SELECT aggregate_type, aggregate_id, next_version, next_attempt_at <= clock_timestamp() AS is_due
FROM local_outbox_parked
ORDER BY next_attempt_at
