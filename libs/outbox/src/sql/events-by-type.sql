-- By the index outbox_events_by_type.
SELECT * FROM outbox_stored_events
WHERE event_type = $1 AND position > $2::bigint
ORDER BY position
LIMIT $3
