-- Breaking: no. A member that copies a failing event to the dead letters has it for itself until then.
ALTER TABLE parked_aggregates ADD COLUMN mirroring_until timestamptz;
CREATE INDEX parked_aggregates_unmirrored ON parked_aggregates (consumer, generation)
  WHERE state = 'parked' AND mirrored_at IS NULL;
-- What was parked before there was a mirror is not copied any more.
UPDATE parked_aggregates SET mirrored_at = clock_timestamp() WHERE state = 'parked';
