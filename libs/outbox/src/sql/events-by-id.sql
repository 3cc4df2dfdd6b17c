-- By the index outbox_events_p…_event_id of each partition.
SELECT * FROM outbox_stored_events WHERE event_id = ANY ($1::uuid[]) ORDER BY position
