UPDATE outbox_republish SET state = 'cancelled', ended_at = clock_timestamp(), ended_by = $2
WHERE id = $1::uuid AND state = 'running'
RETURNING id
