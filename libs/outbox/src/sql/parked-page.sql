-- Parked aggregates whose event lies after position $1, $2 of them, by outbox_parked_by_position.
SELECT p.aggregate_type AS "aggregateType", p.aggregate_id AS "aggregateId", p.event_id AS "eventId",
       p.event_type AS "eventType", p.aggregate_version AS "aggregateVersion", p.position,
       outbox_epoch_of(p.position) AS epoch, p.error_code AS "errorCode", p.reason, p.attempts,
       outbox_time(p.first_failed_at) AS "firstFailedAt", outbox_time(p.failed_at) AS "failedAt",
       outbox_time(p.next_attempt_at) AS "nextAttemptAt",
       a.version - p.aggregate_version + 1 AS "waitingEvents"
FROM outbox_parked AS p JOIN outbox_aggregates AS a USING (aggregate_type, aggregate_id)
WHERE p.position > $1::bigint
ORDER BY p.position
LIMIT $2
