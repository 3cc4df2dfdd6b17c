-- The pause before the next attempt doubles up to 60 times the first, and begins anew with every
-- event that gets through.
INSERT INTO local_outbox_parked AS p (
  aggregate_type, aggregate_id, next_version, reason, message, next_attempt_at)
VALUES ($1::text, $2::text, $3::bigint, $4::text, $5::text,
        clock_timestamp() + make_interval(secs => $6::double precision / 1000))
ON CONFLICT (aggregate_type, aggregate_id) DO UPDATE
SET next_version = excluded.next_version, reason = excluded.reason, message = excluded.message,
    attempts = CASE WHEN excluded.next_version > p.next_version THEN 1 ELSE p.attempts + 1 END,
    next_attempt_at = clock_timestamp() + make_interval(
      secs => $6::double precision / 1000
        * CASE WHEN excluded.next_version > p.next_version THEN 1
               ELSE least(60, 2 ^ least(p.attempts, 6)) END)
