-- Waits for the disk: see readOutboxWindow.
UPDATE local_outbox
SET done = $2::pg_snapshot, open = $3::pg_snapshot, after_id = $4::bigint, log_position = $5::text
WHERE term = $1::bigint AND pg_postmaster_start_time()::text = $6::text
RETURNING term, set_config('synchronous_commit', 'on', true)
