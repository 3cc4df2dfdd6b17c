-- Breaking: no. What was refused is kept for a week from then on, however long its time had passed by then.
ALTER TABLE outbox_scheduled ADD COLUMN refused_at timestamptz;
UPDATE outbox_scheduled SET refused_at = clock_timestamp() WHERE refusal IS NOT NULL;
