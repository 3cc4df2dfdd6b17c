SELECT lane, aggregate_type AS "aggregateType", aggregate_id AS "aggregateId", position,
       aggregate_version AS "aggregateVersion", event_id AS "eventId", event_type AS "eventType",
       error_code AS "errorCode", reason, attempts
FROM outbox_parked
WHERE lane = ANY ($1::smallint[]) AND next_attempt_at <= clock_timestamp()
ORDER BY next_attempt_at, position
LIMIT $2
