-- Until the end of the transaction. In a statement of its own: what follows sees what was committed
-- before the lock was got.
SELECT pg_advisory_xact_lock(hashtextextended('outbox_sources ' || $1::text, 0))
