-- $1 relay.
DELETE FROM outbox_relays WHERE relay_id = $1
