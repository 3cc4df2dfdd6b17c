-- Breaking: no. Events as readers get them: with their epoch and times as text.
CREATE VIEW outbox_stored_events AS
SELECT e.position,
       (SELECT p.epoch FROM outbox_epochs AS p
        WHERE p.first_position <= e.position
        ORDER BY p.first_position DESC, p.ordinal DESC LIMIT 1) AS epoch,
       e.event_id, e.event_type, e.schema_version, e.aggregate_type, e.aggregate_id,
       e.aggregate_version, e.type_sequence, e.previous, e.lane, e.source, e.tenant, e.headers,
       outbox_time(e.occurred_at) AS occurred_at, outbox_time(e.stored_at) AS stored_at, e.payload
FROM outbox_events AS e;
