-- The events at some positions, by the primary key.
SELECT * FROM outbox_stored_events WHERE position = ANY ($1::bigint[]) ORDER BY position
